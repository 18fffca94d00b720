'use strict';

// Reads the few settings that matter out of OWT's toml files: tables with texts,
// numbers and booleans. The package has no dependencies, and this is what it
// would need one for. Arrays, inline tables, dates and texts of several lines are
// passed over, not misread; what is no TOML is told by its line.

const BARE = /^[A-Za-z0-9_-]+$/;

/** @typedef {{ values: Record<string, string | number | boolean>, problems: { line: number, text: string }[] }} Settings values by table.key, such as cluster.worker.ip */

/**
 * @param {string} text
 * @returns {Settings}
 */
function readSettings(text) {
  /** @type {Settings} */
  const settings = { values: Object.create(null), problems: [] };
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  /** The table that keys belong to; null inside of an array of tables. @type {string | null} */
  let table = '';
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at].trim();
    if (line === '' || line.startsWith('#')) continue;
    const problem = (/** @type {string} */ what) => settings.problems.push({ line: at + 1, text: what });
    if (line.startsWith('[')) {
      const header = /^\[(\[?)\s*([^[\]#]+?)\s*\]\]?\s*(?:#.*)?$/.exec(line);
      const name = header && pathOf(header[2]);
      if (!header || !name) problem('is no table header');
      else table = header[1] === '[' ? null : name;
      continue;
    }
    const pair = /^((?:"[^"]*"|'[^']*'|[^=#"'])+?)\s*=\s*(.*)$/.exec(line);
    const key = pair && pathOf(pair[1]);
    if (!pair || !key) {
      problem('is neither key = value nor a table header');
      continue;
    }
    const value = valueOf(pair[2]);
    if (value === undefined) problem('has a value that is no text, number or boolean');
    else if (value.several !== null) at = endOf(lines, at, value.several, pair[2]);
    else if (value.plain !== null && table !== null) settings.values[table === '' ? key : `${table}.${key}`] = value.plain;
  }
  return settings;
}

/**
 * @param {string} text such as cluster.worker
 * @returns {string | null} null if it is none
 */
function pathOf(text) {
  const parts = text.split('.').map((part) => part.trim().replace(/^(["'])(.*)\1$/, '$2'));
  return parts.every((part) => BARE.test(part)) ? parts.join('.') : null;
}

/**
 * What is behind the equals sign. `several`: what ends a value that goes on over
 * lines. `plain`: null for a value of a kind that is passed over.
 *
 * @param {string} text
 * @returns {{ plain: string | number | boolean | null, several: string | null } | undefined} undefined if it is no value
 */
function valueOf(text) {
  for (const quotes of ['"""', "'''"]) if (text.startsWith(quotes)) return { plain: null, several: quotes };
  if (text.startsWith('[') || text.startsWith('{')) return { plain: null, several: text[0] === '[' ? ']' : '}' };
  const plain = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#"']+)\s*(?:#.*)?$/.exec(text)?.[1];
  if (plain === undefined) return undefined;
  if (plain.startsWith("'")) return { plain: plain.slice(1, -1), several: null };
  if (plain.startsWith('"')) {
    const content = unescaped(plain);
    return content === undefined ? undefined : { plain: content, several: null };
  }
  if (plain === 'true' || plain === 'false') return { plain: plain === 'true', several: null };
  if (/^[+-]?\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?$/.test(plain)) return { plain: Number(plain.replace(/_/g, '')), several: null };
  return /^\d{4}-\d{2}-\d{2}/.test(plain) ? { plain: null, several: null } : undefined;
}

/** @param {string} quoted */
function unescaped(quoted) {
  try {
    // TOML's escapes are JSON's, but for \U.
    const text = JSON.parse(quoted.replace(/\\U0000([0-9A-Fa-f]{4})/g, '\\u$1'));
    return String(text);
  } catch (_error) {
    return undefined;
  }
}

/**
 * The line on which a value of several lines ends.
 *
 * @param {string[]} lines
 * @param {number} at where it begins
 * @param {string} mark
 * @param {string} first what is behind the equals sign there
 */
function endOf(lines, at, mark, first) {
  if (mark.length === 3) {
    if (first.indexOf(mark, 3) !== -1) return at;
    while (++at < lines.length && !lines[at].includes(mark));
    return at;
  }
  let open = depth(first);
  while (open > 0 && ++at < lines.length) open += depth(lines[at]);
  return at;
}

/** @param {string} line brackets that it opens, minus those it closes */
function depth(line) {
  const bare = line.replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, '').replace(/#.*/, '');
  return (bare.match(/[[{]/g) ?? []).length - (bare.match(/[\]}]/g) ?? []).length;
}

module.exports = { readSettings };
