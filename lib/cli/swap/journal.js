'use strict';

// What a folder was before it was swapped: .owt-grpc-swap has a copy of every
// original and journal.json, which says where each belongs. It is on the disk
// before the first file changes, so that a run that is cut off anywhere can be
// completed or undone. Without journal.json there is nothing to undo: the copies
// come before it and go after it.

const fs = require('node:fs');
const path = require('node:path');
const { lastOf } = require('../../common/compat/objects');
const { codeOf } = require('../../common/errors');
const { sync, write: writeNew } = require('../../common/files/atomic-write');
const { CommandError } = require('../support/errors');
const { fingerprint, put } = require('./disk');
const { JOURNAL } = require('./find');
const { sha256 } = require('./known');

const VERSION = 1;

/**
 * One file. `after` has the fingerprint of all that was ever put there, of which
 * there are copies, too, since one can be edited later.
 *
 * @typedef {object} Entry
 * @property {string} file from the folder, with slashes
 * @property {string} before fingerprint of the original
 * @property {string | null} link the original's target, if it is a symbolic link
 * @property {string | null} copy the original's copy, if it is a file
 * @property {number | null} mode the original's
 * @property {string[]} after
 */

/**
 * `isComplete`: all that is recorded was carried out.
 *
 * @typedef {{ isComplete: boolean, entries: Entry[] }} Journal
 */

/** @param {string} root */
const folderOf = (root) => path.join(root, JOURNAL);

/**
 * @param {string} root
 * @returns {Journal | null} null if nothing is swapped, or a run ended before it changed anything
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
  return journalOf(text, file);
}

/**
 * @param {string} text
 * @param {string} file
 * @returns {Journal}
 */
function journalOf(text, file) {
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
  return { isComplete: journal.isComplete === true, entries: journal.entries };
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
    copied(root, after);
    byFile.set(name, { ...entry, after: [...entry.after.filter((one) => one !== sha256(after)), sha256(after)] });
  }
  const all = [...byFile.values()];
  sync(folderOf(root));
  sync(root);
  write(root, { isComplete: false, entries: all });
  return all;
}

/**
 * @param {string} root
 * @param {Journal} journal
 */
function write(root, journal) {
  const text = JSON.stringify({ version: VERSION, ...journal }, null, 1);
  put(path.join(folderOf(root), 'journal.json'), { bytes: Buffer.from(`${text}\n`), mode: 0o600 });
}

/**
 * @param {string} root
 * @param {import('./disk').State} state
 */
function saved(root, state) {
  const before = fingerprint(state);
  if ('link' in state) return { before, link: state.link, copy: null, mode: null };
  copied(root, state.bytes);
  return { before, link: null, copy: before, mode: state.mode };
}

/**
 * By content: modules have the same files.
 *
 * @param {string} root
 * @param {Buffer} bytes
 */
function copied(root, bytes) {
  const file = path.join(folderOf(root), sha256(bytes));
  if (fs.existsSync(file)) return;
  fs.rmSync(`${file}.part`, { force: true });
  writeNew(`${file}.part`, bytes, 0o600);
  fs.renameSync(`${file}.part`, file);
}

/**
 * What was put there last; null if it was not kept.
 *
 * @param {string} root
 * @param {Entry} entry
 * @returns {Buffer | null}
 */
function lastPut(root, { after }) {
  const last = String(lastOf(after));
  const file = path.join(folderOf(root), path.basename(last));
  const bytes = fs.existsSync(file) ? fs.readFileSync(file) : null;
  return bytes !== null && sha256(bytes) === last ? bytes : null;
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

module.exports = { folderOf, lastPut, originalOf, readJournal, record, removeJournal, write };
