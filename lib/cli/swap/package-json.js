'use strict';

// Adds a dependency to the text of a package.json, or takes it out: one line more or
// less, and all else as it was, which JSON.stringify would not leave so.

const { isDeepStrictEqual } = require('node:util');
const { hasOwn, lastOf } = require('../../common/compat/objects');

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

/**
 * @param {string} text of the file
 * @param {string} name
 * @param {string} wanted
 * @param {boolean} keepsEmpty whether an object without any dependency stays
 * @returns {string | null} null if the file asks for something else by that name; the same text if for nothing
 * @throws {PackageJsonError}
 */
function removeDependency(text, name, wanted, keepsEmpty) {
  const before = parsed(text);
  const { [name]: present, ...others } = before.dependencies ?? {};
  if (present === undefined) return text;
  if (present !== wanted) return null;
  const root = members(text, text.indexOf('{'));
  const found = /** @type {Member} */ (lastOf(root.values.filter(({ key }) => key === 'dependencies')));
  const isWhole = Object.keys(others).length === 0 && !keepsEmpty;
  const object = isWhole ? root : members(text, found.start);
  const result = without(text, object, isWhole ? 'dependencies' : name);
  const { dependencies: _, ...rest } = before;
  if (!isDeepStrictEqual(parsed(result), isWhole ? rest : { ...before, dependencies: others })) throw new PackageJsonError(`it is written in a way that cannot be edited; remove ${name} by hand`);
  return result;
}

/**
 * @param {string} text
 * @param {{ open: number, close: number, values: Member[] }} object
 * @param {string} key one of its members
 */
function without(text, { open, close, values }, key) {
  if (values.length === 1) return spliced(text, open + 1, close, '');
  const at = values.findIndex((value) => value.key === key);
  // With the comma before it, or with that behind it if it is the first.
  return at > 0 ? spliced(text, values[at - 1].end, values[at].end, '') : spliced(text, values[0].from, values[1].from, '');
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

/** @param {string} text of the file @returns {Record<string, unknown> | undefined} @throws {PackageJsonError} */
const dependenciesOf = (text) => parsed(text).dependencies;

/** @typedef {{ key: string, from: number, start: number, end: number }} Member `from`: where its key begins, `start`: where its value does */

/**
 * Where the members of an object are; the text is known to be JSON.
 *
 * @param {string} text
 * @param {number} open where its brace is
 */
function members(text, open) {
  /** @type {Member[]} */
  const values = [];
  let at = skip(text, open + 1);
  while (text[at] !== '}') {
    const keyEnd = valueEnd(text, at);
    const start = skip(text, skip(text, keyEnd) + 1);
    const end = valueEnd(text, start);
    values.push({ key: JSON.parse(text.slice(at, keyEnd)), from: at, start, end });
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

module.exports = { PackageJsonError, addDependency, dependenciesOf, removeDependency };
