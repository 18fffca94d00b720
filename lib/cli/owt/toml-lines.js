'use strict';

// A toml file line by line: where a value of several lines goes on, and where a
// comment begins. What is in the lines is for those who read or edit them.

/**
 * @typedef {object} Line
 * @property {string} text without its end
 * @property {string} end '\n', '\r\n', or '' for a last line without one
 * @property {boolean} isInside begins within a value of several lines
 * @property {boolean} isOpen its value goes on in the next line
 * @property {number} comment where its comment begins; the length of the text if it has none
 */

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

module.exports = { insideValues, linesOf };
