'use strict';

// Reads the few settings that matter out of OWT's toml files: tables with texts,
// numbers and booleans. The package has no dependencies, and this is what it
// would need one for. Arrays, inline tables, dates and texts of several lines are
// passed over, not misread; what is no TOML is told by its line.

const { linesOf } = require('./toml-lines');

const BARE = /^[A-Za-z0-9_-]+$/;

/** @typedef {{ values: Record<string, string | number | boolean>, problems: { line: number, text: string }[] }} Settings values by table.key, such as cluster.worker.ip */

/**
 * @param {string} text
 * @returns {Settings}
 */
function readSettings(text) {
  /** @type {Settings} */
  const settings = { values: Object.create(null), problems: [] };
  /** The table that keys belong to; null inside of an array of tables. @type {string | null} */
  let table = '';
  for (const [at, { text: whole, isInside }] of linesOf(text.replace(/^\uFEFF/, '')).entries()) {
    const line = whole.trim();
    if (isInside || line === '' || line.startsWith('#')) continue;
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
    else if (value !== null && table !== null) settings.values[table === '' ? key : `${table}.${key}`] = value;
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
 * What is behind the equals sign; null for a value of a kind that is passed over.
 *
 * @param {string} text
 * @returns {string | number | boolean | null | undefined} undefined if it is no value
 */
function valueOf(text) {
  if (/^("""|'''|\[|\{)/.test(text)) return null;
  const plain = /^("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#"']+)\s*(?:#.*)?$/.exec(text)?.[1];
  if (plain === undefined) return undefined;
  if (plain.startsWith("'")) return plain.slice(1, -1);
  if (plain.startsWith('"')) return unescaped(plain);
  if (plain === 'true' || plain === 'false') return plain === 'true';
  if (/^[+-]?\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?$/.test(plain)) return Number(plain.replace(/_/g, ''));
  return /^\d{4}-\d{2}-\d{2}/.test(plain) ? null : undefined;
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

module.exports = { readSettings };
