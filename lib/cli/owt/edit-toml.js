'use strict';

// Sets one key in a toml file line by line: comments, order, spaces and line ends
// of all else stay. Not a parser of toml; what it cannot do safely it refuses.

const { lastOf } = require('../../common/compat/objects');
const { linesOf } = require('./toml-lines');

/** @typedef {import('./toml-lines').Line} Line */

/** Why a file has to be edited by hand. */
class TomlError extends Error {}

/**
 * @param {string} text of the file
 * @param {string} section such as `cluster` or `cluster.worker`
 * @param {string} key
 * @param {string} value as toml writes it: `true`, or `"localhost:10080"`
 * @returns {string} the same text if it has that value already
 * @throws {TomlError}
 */
function setValue(text, section, key, value) {
  const lines = linesOf(text);
  refuseOtherForms(lines, section);
  const start = lines.findIndex((line) => headerOf(line) === section);
  if (start === -1) return append(text, lines, [`[${section}]`, `${key} = ${value}`]);
  const next = lines.findIndex((line, at) => at > start && headerOf(line) !== null);
  const end = next === -1 ? lines.length : next;
  const present = lines.findIndex((line, at) => at > start && at < end && keyOf(line) === key);
  if (present !== -1) lines[present] = replaced(lines[present], key, value);
  else insert(lines, placeFor(lines, start, end, key), `${key} = ${value}`);
  return lines.map((line) => line.text + line.end).join('');
}

/**
 * The name of the section that a line begins; null if it begins none.
 *
 * @param {Line} line
 */
function headerOf(line) {
  if (line.isInside || !/^\s*\[/.test(line.text)) return null;
  const name = line.text.slice(0, line.comment).trim();
  const parts = (/^\[([^[\]]+)\]$/.exec(name)?.[1] ?? '').split('.').map((part) => /^\s*(["']?)([\w-]+)\1\s*$/.exec(part)?.[2]);
  return parts.includes(undefined) ? name : parts.join('.');
}

/**
 * The key that a line gives a value; null if it gives none.
 *
 * @param {Line} line
 */
function keyOf(line) {
  if (line.isInside || headerOf(line) !== null) return null;
  const match = /^\s*(?:([\w-]+)|"([\w-]+)"|'([\w-]+)')\s*[=.]/.exec(line.text);
  return match && (match[1] ?? match[2] ?? match[3]);
}

/**
 * The same section can be written in forms that an added line would contradict.
 *
 * @param {Line[]} lines
 * @param {string} section
 */
function refuseOtherForms(lines, section) {
  const parts = section.split('.');
  parts.forEach((part, at) => {
    const name = parts.slice(0, at + 1).join('.');
    if (linesOfSection(lines, parts.slice(0, at).join('.')).some((line) => keyOf(line) === part)) throw new TomlError(`it writes section ${name} as \`${part} = …\` or \`${part}.…\``);
    const array = new RegExp(`^\\[\\[\\s*["']?${name}["']?\\s*\\]\\]$`);
    if (lines.some((line) => array.test(headerOf(line) ?? ''))) throw new TomlError(`section ${name} is an array, [[${name}]]`);
  });
}

/**
 * @param {Line[]} lines
 * @param {string} section empty for what is before all sections
 */
function linesOfSection(lines, section) {
  let present = '';
  return lines.filter((line) => {
    present = headerOf(line) ?? present;
    return present === section;
  });
}

/**
 * @param {Line} line
 * @param {string} key
 * @param {string} value
 * @returns {Line}
 */
function replaced(line, key, value) {
  const match = /^(\s*(?:[\w-]+|"[\w-]+"|'[\w-]+')\s*=\s*)(.*?)(\s*)$/.exec(line.text.slice(0, line.comment));
  if (match === null || line.isOpen) throw new TomlError(`its value of ${key} is written over several lines, or as ${key}.…`);
  const text = match[1] + value + match[3] + line.text.slice(line.comment);
  return match[2] === value ? line : { ...line, text };
}

/**
 * After the comment that shows the key, as OWT's files have it, else after what
 * the section has; never into the comments that lead to the next one.
 *
 * @param {Line[]} lines
 * @param {number} start
 * @param {number} end
 * @param {string} key
 */
function placeFor(lines, start, end, key) {
  const shown = new RegExp(`^\\s*#+\\s*${key}\\s*=`);
  let place = start;
  for (let at = start + 1; at < end; at++) {
    if (!lines[at].isInside && shown.test(lines[at].text)) return at + 1;
    if (lines[at].isInside || lines[at].text.slice(0, lines[at].comment).trim() !== '') place = at;
  }
  return place + 1;
}

/**
 * @param {Line[]} lines
 * @param {number} place
 * @param {string} text
 */
function insert(lines, place, text) {
  const before = lines[place - 1];
  const indent = /^\s*/.exec(before.text)?.[0] ?? '';
  const line = { text: indent + text, end: before.end, isInside: false, isOpen: false, comment: indent.length + text.length };
  before.end = before.end || lines[0].end || '\n';
  lines.splice(place, 0, line);
}

/**
 * @param {string} text
 * @param {Line[]} lines
 * @param {string[]} added
 */
function append(text, lines, added) {
  const last = lastOf(lines);
  if (last?.isOpen) throw new TomlError('its last value does not end');
  const end = lines[0]?.end || '\n';
  const gap = text === '' ? '' : (last?.end ? '' : end) + end;
  return text + gap + added.map((line) => line + end).join('');
}

module.exports = { TomlError, setValue };
