'use strict';

// What a folder was before it was swapped: .owt-grpc-swap has a copy of every
// original and journal.json, which says where each belongs. It is on the disk
// before the first file changes, so that a run that is cut off anywhere can be
// completed or undone. Without journal.json there is nothing to undo: the copies
// come before it and go after it.

const fs = require('node:fs');
const path = require('node:path');
const { codeOf } = require('../../credentials/errors');
const { sync, write } = require('../../files/whole');
const { CommandError } = require('../support/errors');
const { fingerprint, put } = require('./disk');
const { JOURNAL } = require('./find');
const { sha256 } = require('./known');

const VERSION = 1;

/**
 * One file. `after` has the fingerprint of all that was ever put there.
 *
 * @typedef {object} Entry
 * @property {string} file from the folder, with slashes
 * @property {string} before fingerprint of the original
 * @property {string | null} link the original's target, if it is a symbolic link
 * @property {string | null} copy the original's copy, if it is a file
 * @property {number | null} mode the original's
 * @property {string[]} after
 */

/** @param {string} root */
const folderOf = (root) => path.join(root, JOURNAL);

/**
 * @param {string} root
 * @returns {Entry[] | null} null if nothing is swapped, or a run ended before it changed anything
 */
function readJournal(root) {
  const file = path.join(folderOf(root), 'journal.json');
  let text;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw new CommandError(`${file} cannot be read (${codeOf(error)})`);
  }
  return entriesOf(text, file);
}

/**
 * @param {string} text
 * @param {string} file
 * @returns {Entry[]}
 */
function entriesOf(text, file) {
  let journal;
  try {
    journal = JSON.parse(text);
  } catch {
    journal = null;
  }
  if (Number.isInteger(journal?.version) && journal.version > VERSION) throw new CommandError(`${file} is of a newer owt-grpc: use that one`);
  if (journal?.version !== VERSION || !Array.isArray(journal.entries) || !journal.entries.every(isEntry)) {
    throw new CommandError(`${file} is damaged; the originals are beside it`);
  }
  return journal.entries;
}

/** @param {any} entry */
function isEntry(entry) {
  const { file, before, link, copy, mode, after } = entry ?? {};
  const isFile = typeof copy === 'string' && path.basename(copy) === copy && Number.isInteger(mode) && link === null;
  const isLink = typeof link === 'string' && copy === null;
  return typeof file === 'string' && typeof before === 'string' && (isFile || isLink) && Array.isArray(after);
}

/**
 * Adds what is about to change. Returns when it is on the disk.
 *
 * @param {string} root
 * @param {Entry[]} entries those there are
 * @param {{ file: string, before: import('./disk').State, after: Buffer, isRebased: boolean }[]} changes
 *   `isRebased`: the present state is the original, whatever was recorded
 * @returns {Entry[]}
 */
function record(root, entries, changes) {
  const byFile = new Map(entries.map((entry) => [entry.file, entry]));
  for (const { file, before, after, isRebased } of changes) {
    const name = slashed(path.relative(root, file));
    const known = isRebased ? undefined : byFile.get(name);
    const entry = known ?? { file: name, ...saved(root, before), after: [] };
    byFile.set(name, { ...entry, after: [...new Set([...entry.after, sha256(after)])] });
  }
  const all = [...byFile.values()];
  sync(folderOf(root));
  sync(root);
  put(path.join(folderOf(root), 'journal.json'), { bytes: Buffer.from(`${JSON.stringify({ version: VERSION, entries: all }, null, 1)}\n`), mode: 0o600 });
  return all;
}

/**
 * @param {string} root
 * @param {import('./disk').State} state
 */
function saved(root, state) {
  const before = fingerprint(state);
  if ('link' in state) return { before, link: state.link, copy: null, mode: null };
  // By content: modules have the same files.
  const file = path.join(folderOf(root), before);
  if (!fs.existsSync(file)) {
    fs.rmSync(`${file}.part`, { force: true });
    write(`${file}.part`, state.bytes, 0o600);
    fs.renameSync(`${file}.part`, file);
  }
  return { before, link: null, copy: before, mode: state.mode };
}

/**
 * @param {string} root
 * @param {Entry} entry
 * @returns {import('./disk').State}
 */
function originalOf(root, entry) {
  if (entry.link !== null) return { link: entry.link };
  const copy = path.join(folderOf(root), String(entry.copy));
  const bytes = fs.existsSync(copy) ? fs.readFileSync(copy) : null;
  if (bytes === null || sha256(bytes) !== entry.before) throw new CommandError(`${copy}, the original of ${entry.file}, is ${bytes === null ? 'missing' : 'damaged'}: nothing was changed`);
  return { bytes, mode: Number(entry.mode) };
}

/** @param {string} root */
function removeJournal(root) {
  const folder = folderOf(root);
  fs.rmSync(path.join(folder, 'journal.json'), { force: true });
  sync(folder);
  fs.rmSync(folder, { recursive: true, force: true });
}

/** @param {string} file */
const slashed = (file) => file.split(path.sep).join('/');

module.exports = { folderOf, originalOf, readJournal, record, removeJournal };
