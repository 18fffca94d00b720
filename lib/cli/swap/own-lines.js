'use strict';

// Takes what a swap has put into a file out of it again, where the file was edited
// since: the edits stay. Own lines that are no longer as they were put there stay,
// too, and are named.

const { isDeepStrictEqual } = require('node:util');
const { readSettings } = require('../owt/read-toml');
const { insideValues } = require('../owt/toml-lines');
const { compared, linesOf } = require('./diff');
const { PackageJsonError, dependenciesOf, removeDependency } = require('./package-json');

/** Why own lines cannot be taken out. */
class OwnLinesError extends Error {}

/**
 * @typedef {object} Texts
 * @property {string} original before the swap
 * @property {string} after what the swap made of it
 * @property {string} present
 */

/** @typedef {{ text: string, left: string[] }} Result `left` has the own lines that were changed, and stay */

/**
 * @param {string} file whose name says what it is
 * @param {Texts} texts
 * @returns {Result}
 * @throws {OwnLinesError} if the rest would not say what it says now
 */
function withoutOwnLines(file, texts) {
  try {
    return file.endsWith('.json') ? withoutDependencies(texts) : withoutSettings(texts);
  } catch (error) {
    if (error instanceof PackageJsonError) throw new OwnLinesError(error.message);
    throw error;
  }
}

/**
 * By names, since npm writes the file anew.
 *
 * @param {Texts} texts
 * @returns {Result}
 */
function withoutDependencies({ original, after, present }) {
  /** @type {Result} */
  const result = { text: present, left: [] };
  const before = dependenciesOf(original);
  for (const [name, wanted] of Object.entries(dependenciesOf(after) ?? {})) {
    if (before?.[name] !== undefined) continue;
    const text = removeDependency(result.text, name, String(wanted), before !== undefined);
    if (text === null) result.left.push(`"${name}"`);
    else result.text = text;
  }
  return result;
}

/**
 * Line by line, and then by what the result says.
 *
 * @param {Texts} texts
 * @returns {Result}
 */
function withoutSettings({ original, after, present }) {
  const lines = wholeLines(present);
  const places = placesOf(wholeLines(after), lines);
  const isInside = insideValues(present);
  /** @type {string[]} */
  const left = [];
  for (const { own, from, before } of ownParts(after, original).reverse()) {
    const at = places[from];
    const end = at + own.length;
    const header = own.findIndex(isHeader);
    // A line that an edit has made a part of a text of several lines is no setting any more.
    const isGone = at === -1 || own.some((_, n) => places[from + n] !== at + n || isInside[at + n]);
    if (isGone) left.push(...own.filter((line) => line.trim() !== '').map((line) => `\`${line.trim()}\``));
    // What was written below belongs to the section.
    else if (header !== -1 && !endsSection(lines.slice(end))) lines.splice(at + header + 1, own.length - header - 1);
    else lines.splice(at, own.length, ...before);
  }
  const all = lines.join('');
  const text = present.endsWith('\n') ? all : all.replace(/\r?\n$/, '');
  if (!saysTheSame({ original, after, present }, text, left.length > 0)) throw new OwnLinesError('what was edited belongs to a section that the swap had added');
  return { text, left };
}

/**
 * Where each line of what the swap had made is now; -1 for one that is gone.
 *
 * @param {string[]} after
 * @param {string[]} present
 */
function placesOf(after, present) {
  /** @type {number[]} */
  const places = [];
  let at = 0;
  for (const { kind } of compared(after, present)) {
    if (kind !== '+') places.push(kind === ' ' ? at : -1);
    if (kind !== '-') at += 1;
  }
  return places;
}

/**
 * Each with its end: that which a last line lacked, and got, is no change.
 *
 * @param {string} text
 */
function wholeLines(text) {
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  return linesOf(text === '' || text.endsWith('\n') ? text : text + end);
}

const isHeader = (/** @type {string} */ line) => /^\s*\[/.test(line);

/** @param {string[]} lines what follows a section */
function endsSection(lines) {
  const next = lines.find((line) => !/^\s*(#|$)/.test(line));
  return next === undefined || isHeader(next);
}

/**
 * The lines that a swap had put there, and those that were in their place. A section
 * that it had added is a part by itself.
 *
 * @param {string} after
 * @param {string} original
 */
function ownParts(after, original) {
  /** @type {{ own: string[], from: number, before: string[] }[]} */
  const parts = [];
  let at = 0;
  let isInPart = false;
  for (const { kind, line } of compared(wholeLines(after), wholeLines(original))) {
    const isSecond = isInPart && kind === '-' && isHeader(line) && parts[parts.length - 1].own.some(isHeader);
    if (kind !== ' ' && (!isInPart || isSecond)) parts.push({ own: [], from: at, before: [] });
    isInPart = kind !== ' ';
    const part = parts[parts.length - 1];
    if (kind === '-') part.own.push(line);
    if (kind === '+') part.before.push(line);
    if (kind !== '+') at += 1;
  }
  return parts.filter(({ own }) => own.length > 0);
}

/**
 * @param {Texts} texts
 * @param {string} text the result
 * @param {boolean} someStay of the own lines
 */
function saysTheSame({ original, after, present }, text, someStay) {
  const [was, made, is, result] = [original, after, present, text].map((one) => readSettings(one).values);
  const expected = { ...is };
  for (const key of Object.keys(made)) {
    if (made[key] === was[key] || is[key] !== made[key] || (someStay && result[key] === is[key])) continue;
    if (was[key] === undefined) delete expected[key];
    else expected[key] = was[key];
  }
  return isDeepStrictEqual({ ...result }, expected);
}

module.exports = { OwnLinesError, withoutOwnLines };
