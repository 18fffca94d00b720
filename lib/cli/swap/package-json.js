'use strict';

// Adds a dependency to the text of a package.json: one line more, and all else as
// it was, which JSON.stringify would not leave so.

const { isDeepStrictEqual } = require('node:util');
const { hasOwn, lastOf } = require('../../compat/objects');

/** Why a package.json cannot be edited. */
class PackageJsonError extends Error {}

/**
 * @param {string} text of the file
 * @param {string} name
 * @param {string} wanted version or other specification
 * @returns {string} the same text if the dependency is there, whatever it asks for
 * @throws {PackageJsonError}
 */
function addDependency(text, name, wanted) {
  const before = parsed(text);
  const { dependencies = {} } = before;
  if (typeof dependencies !== 'object' || dependencies === null || Array.isArray(dependencies)) throw new PackageJsonError('its dependencies are no object');
  if (hasOwn(dependencies, name)) return text;
  const result = edited(text, `${JSON.stringify(name)}: ${JSON.stringify(wanted)}`);
  const expected = { ...before, dependencies: { ...dependencies, [name]: wanted } };
  if (!isDeepStrictEqual(parsed(result), expected)) throw new PackageJsonError('it is written in a way that cannot be edited; add the dependency by hand');
  return result;
}

/** @param {string} text */
function parsed(text) {
  let value;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw new PackageJsonError('it is no JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new PackageJsonError('it is no JSON object');
}

/**
 * @param {string} text valid JSON, an object
 * @param {string} entry
 */
function edited(text, entry) {
  const root = members(text, text.indexOf('{'));
  const indent = /^\s*/.exec(text.slice(root.open + 1))?.[0] ?? '';
  const unit = /[^\n]*$/.exec(indent)?.[0] ?? '';
  const isSpread = indent.includes('\n') && root.values.length > 0;
  const found = lastOf(root.values.filter(({ key }) => key === 'dependencies'));
  if (found === undefined) {
    const object = isSpread ? `{${indent}${unit}${entry}${indent}}` : `{ ${entry} }`;
    const last = lastOf(root.values);
    if (last === undefined) return spliced(text, root.open + 1, root.close, `\n  "dependencies": {\n    ${entry}\n  }\n`);
    return spliced(text, last.end, last.end, `,${isSpread ? indent : ' '}"dependencies": ${object}`);
  }
  const object = members(text, found.start);
  if (object.values.length === 0) return spliced(text, object.open + 1, object.close, isSpread ? `${indent}${unit}${entry}${indent}` : ` ${entry} `);
  const gap = /^\s*/.exec(text.slice(object.open + 1))?.[0] ?? '';
  return spliced(text, object.open + 1, object.open + 1, `${gap}${entry},`);
}

/**
 * @param {string} text
 * @param {number} from
 * @param {number} to
 * @param {string} added
 */
function spliced(text, from, to, added) {
  return text.slice(0, from) + added + text.slice(to);
}

/**
 * Where the members of an object are; the text is known to be JSON.
 *
 * @param {string} text
 * @param {number} open where its brace is
 */
function members(text, open) {
  /** @type {{ key: string, start: number, end: number }[]} */
  const values = [];
  let at = skip(text, open + 1);
  while (text[at] !== '}') {
    const keyEnd = valueEnd(text, at);
    const start = skip(text, skip(text, keyEnd) + 1);
    const end = valueEnd(text, start);
    values.push({ key: JSON.parse(text.slice(at, keyEnd)), start, end });
    at = skip(text, end);
    if (text[at] === ',') at = skip(text, at + 1);
  }
  return { open, close: at, values };
}

/**
 * @param {string} text
 * @param {number} at
 */
function skip(text, at) {
  while (/\s/.test(text[at])) at++;
  return at;
}

/**
 * @param {string} text
 * @param {number} at where a value begins
 */
function valueEnd(text, at) {
  const token = /"(?:[^"\\]|\\.)*"|[^\s"{}[\],:]+|[{}[\],:]/gy;
  token.lastIndex = at;
  let depth = 0;
  for (;;) {
    // Between the tokens of an object or array there is white space.
    token.lastIndex = skip(text, token.lastIndex);
    const [found] = /** @type {RegExpExecArray} */ (token.exec(text));
    if ('{['.includes(found)) depth++;
    if ('}]'.includes(found)) depth--;
    if (depth === 0) return token.lastIndex;
  }
}

module.exports = { PackageJsonError, addDependency };
