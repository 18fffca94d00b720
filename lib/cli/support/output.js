'use strict';

// What is printed for people: colours only on a terminal, tables, an end by Ctrl-C.

const { AbortController } = require('../../common/compat/abort');

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/**
 * @param {keyof typeof CODES} style
 * @param {string} text
 * @param {{ isTTY?: boolean }} [output]
 */
function styled(style, text, output = process.stdout) {
  const isOn = output.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return isOn ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;
}

/**
 * Names of members, ids and what peers say come from elsewhere: nothing of them
 * may drive the terminal.
 *
 * @param {unknown} value
 */
function plain(value) {
  // eslint-disable-next-line no-control-regex
  return String(value).replace(/[\x00-\x1f\x7f-\x9f]/g, '?');
}

/**
 * Columns as wide as what is in them. Numbers are right-aligned.
 *
 * @param {string[]} head
 * @param {(string | number)[][]} rows
 * @returns {string[]} lines, that of the head first
 */
function table(head, rows) {
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => String(row[at]).length)));
  const isNumber = head.map((_, at) => rows.length > 0 && rows.every((row) => typeof row[at] === 'number' || row[at] === '-'));
  const line = (/** @type {(string | number)[]} */ row) =>
    row.map((cell, at) => (isNumber[at] ? String(cell).padStart(widths[at]) : String(cell).padEnd(widths[at]))).join('  ').trimEnd();
  return [line(head), ...rows.map(line)];
}

/**
 * Resolves when the user, or who supervises this process, wants it to end.
 *
 * @returns {{ asked: Promise<void>, signal: AbortSignal, forget: () => void }}
 */
function untilAsked() {
  const controller = new AbortController();
  const end = () => controller.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  /** @type {Promise<void>} */
  const asked = new Promise((resolve) => controller.signal.addEventListener('abort', () => resolve(), { once: true }));
  return {
    asked,
    signal: controller.signal,
    forget: () => void process.off('SIGINT', end).off('SIGTERM', end),
  };
}

/** @param {unknown} value */
function printJson(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

module.exports = { plain, printJson, styled, table, untilAsked };
