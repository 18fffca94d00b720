'use strict';

// Changes what a plan says, or puts everything back. Both can be cut off anywhere
// and be run again.

const fs = require('node:fs');
const path = require('node:path');
const { codeOf } = require('../../common/errors');
const { CommandError } = require('../support/errors');
const { TEMPORARY, fingerprint, put, stateOf } = require('./disk');
const { folderOf, lastPut, originalOf, readJournal, record, removeJournal, write } = require('./journal');
const { OwnLinesError, withoutOwnLines } = require('./own-lines');

/**
 * @param {string} root
 * @param {import('./plan').Change[]} changes
 */
function carryOut(root, changes) {
  const recorded = attempt(folderOf(root), 'nothing was changed', () => record(root, readJournal(root)?.entries ?? [], changes));
  for (const { file } of recorded) fs.rmSync(path.join(root, file) + TEMPORARY, { force: true });
  changes.forEach(({ file, after, mode }, at) => {
    attempt(file, `${at} of ${changes.length} files were changed: run this again to go on, or with --undo to go back`, () => put(file, { bytes: after, mode }));
  });
  attempt(folderOf(root), 'all files were changed', () => write(root, { isComplete: true, entries: recorded }));
}

/**
 * @typedef {object} Undo
 * @property {import('./journal').Entry[]} entries
 * @property {{ file: string, state: import('./disk').State }[]} changes
 * @property {string[]} problems
 * @property {string[]} notes
 */

/**
 * What undoing would change.
 *
 * @param {string} root
 * @param {boolean} force also what was changed after the swap
 * @returns {Undo | null} null if nothing is recorded
 */
function planUndo(root, force) {
  const journal = readJournal(root);
  if (journal === null) return null;
  const { entries } = journal;
  /** @type {Undo} */
  const undo = { entries, changes: [], problems: [], notes: [] };
  for (const entry of entries) {
    const file = path.join(root, entry.file);
    const present = stateOf(file);
    const state = originalOf(root, entry);
    const isOriginal = fingerprint(present) === entry.before;
    if (!fs.existsSync(path.dirname(file))) undo.notes.push(`${entry.file} is not restored: its folder is gone`);
    else if (present !== null && !isOriginal && !entry.after.includes(fingerprint(present)) && !force) takeOut(root, undo, entry, present);
    else if (!isOriginal || modeOf(present) !== modeOf(state)) undo.changes.push({ file, state });
  }
  return undo;
}

/**
 * A file of settings that was edited loses what the swap had put there; the edits stay.
 *
 * @param {string} root
 * @param {Undo} undo
 * @param {import('./journal').Entry} entry
 * @param {import('./disk').State} present
 */
function takeOut(root, undo, entry, present) {
  const refuse = (/** @type {string} */ why) => undo.problems.push(`${entry.file} was changed after it was swapped${why}. --force puts the original in its place, and the change is lost`);
  const original = originalOf(root, entry);
  const after = lastPut(root, entry);
  if (!/\.(json|toml)$/.test(entry.file) || after === null || !('bytes' in original) || !('bytes' in present)) return refuse('');
  try {
    const [was, made, is] = [original.bytes, after, present.bytes].map((bytes) => bytes.toString('utf8'));
    const { text, left } = withoutOwnLines(entry.file, { original: was, after: made, present: is });
    undo.notes.push(`${entry.file} was edited after it was swapped, and keeps that${left.length > 0 ? `; ${left.join(' and ')} of the swap ${left.length > 1 ? 'were' : 'was'} changed or removed there: see for yourself` : ''}`);
    if (text !== is) undo.changes.push({ file: path.join(root, entry.file), state: { bytes: Buffer.from(text), mode: present.mode } });
  } catch (error) {
    if (!(error instanceof OwnLinesError)) throw error;
    refuse(`, and what the swap put there cannot be taken out (${error.message})`);
  }
}

/** @param {import('./disk').State | null} state */
const modeOf = (state) => (state !== null && 'mode' in state ? state.mode : null);

/**
 * @param {string} root
 * @param {Undo} undo
 */
function putBack(root, { entries, changes }) {
  changes.forEach(({ file, state }, at) => {
    attempt(file, `${at} of ${changes.length} files were put back: run this again to go on`, () => put(file, state));
  });
  for (const { file } of entries) fs.rmSync(path.join(root, file) + TEMPORARY, { force: true });
  attempt(folderOf(root), 'all files are put back', () => removeJournal(root));
}

/**
 * @param {string} file
 * @param {string} meanwhile what was done so far, and what to do
 * @param {() => T} action
 * @template T
 * @returns {T}
 */
function attempt(file, meanwhile, action) {
  try {
    return action();
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${file} cannot be written (${codeOf(error)}); ${meanwhile}`);
  }
}

module.exports = { carryOut, planUndo, putBack };
