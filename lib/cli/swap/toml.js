'use strict';

// Sets one key in a toml file line by line: comments, order, spaces and line ends
// of all else stay. Not a parser of toml; what it cannot do safely it refuses.

const { lastOf } = require('../../common/compat/objects');

/**
 * @typedef {object} Line
 * @property {string} text without its end
 * @property {string} end '\n', '\r\n', or '' for a last line without one
 * @property {boolean} isInside begins within a value of several lines
 * @property {boolean} isOpen its value goes on in the next line
 * @property {number} comment where its comment begins; the length of the text if it has none
 */

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
 * @param {string} text
 * @returns {Line[]}
 */
function linesOf(text) {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  /** @type {State} */
  let state = { quote: null, depth: 0 };
  return lines.map((whole) => {
    const end = /\r?\n$/.exec(whole)?.[0] ?? '';
    const line = whole.slice(0, whole.length - end.length);
    const isInside = isOpen(state);
    const { comment, after } = scan(line, state);
    state = after;
    return { text: line, end, isInside, isOpen: isOpen(after), comment };
  });
}

/**
 * Of each line, whether it begins within a value of several lines.
 *
 * @param {string} text of the file
 */
const insideValues = (text) => linesOf(text).map(({ isInside }) => isInside);

/** @typedef {{ quote: string | null, depth: number }} State an open string of several lines, and open brackets */

/** @param {State} state */
const isOpen = ({ quote, depth }) => quote !== null || depth > 0;

/**
 * @param {string} line
 * @param {State} before
 */
function scan(line, before) {
  let { quote, depth } = before;
  let at = 0;
  // The brackets of a header are none of a value.
  const counts = isOpen(before) || !/^\s*\[/.test(line);
  while (at < line.length) {
    if (quote !== null) {
      if (quote[0] === '"' && line[at] === '\\') at += 2;
      else if (line.startsWith(quote, at)) [at, quote] = [at + quote.length, null];
      else at++;
    } else if (line[at] === '#') break;
    else if (line[at] === '"' || line[at] === "'") {
      quote = line.startsWith(line[at].repeat(3), at) ? line[at].repeat(3) : line[at];
      at += quote.length;
    } else {
      if (counts && '[{'.includes(line[at])) depth++;
      if (counts && ']}'.includes(line[at])) depth--;
      at++;
    }
  }
  // A string of one line ends with it, whatever was meant.
  return { comment: Math.min(at, line.length), after: { quote: quote?.length === 3 ? quote : null, depth: Math.max(depth, 0) } };
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

module.exports = { TomlError, insideValues, setValue };
