'use strict';

// What is printed for people: colours only on a terminal, an end by Ctrl-C.

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
 * Resolves when the user, or who supervises this process, wants it to end.
 *
 * @returns {{ asked: Promise<void>, signal: AbortSignal, ask: () => void, forget: () => void }} `ask`: the same by a key
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
    ask: end,
    forget: () => void process.off('SIGINT', end).off('SIGTERM', end),
  };
}

/** @param {unknown} value */
function printJson(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

module.exports = { plain, printJson, styled, untilAsked };
