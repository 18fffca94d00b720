'use strict';

// Changes what a plan says, or puts everything back. Both can be cut off anywhere
// and be run again.

const fs = require('node:fs');
const path = require('node:path');
const { codeOf } = require('../../credentials/errors');
const { CommandError } = require('../support/errors');
const { TEMPORARY, fingerprint, put, stateOf } = require('./disk');
const { folderOf, originalOf, readJournal, record, removeJournal } = require('./journal');

/**
 * @param {string} root
 * @param {import('./plan').Change[]} changes
 */
function carryOut(root, changes) {
  const recorded = attempt(folderOf(root), 'nothing was changed', () => record(root, readJournal(root) ?? [], changes));
  for (const { file } of recorded) fs.rmSync(path.join(root, file) + TEMPORARY, { force: true });
  changes.forEach(({ file, after, mode }, at) => {
    attempt(file, `${at} of ${changes.length} files were changed: run this again to go on, or with --undo to go back`, () => put(file, { bytes: after, mode }));
  });
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
  const entries = readJournal(root);
  if (entries === null) return null;
  /** @type {Undo} */
  const undo = { entries, changes: [], problems: [], notes: [] };
  for (const entry of entries) {
    const file = path.join(root, entry.file);
    const present = stateOf(file);
    const state = originalOf(root, entry);
    const isOriginal = fingerprint(present) === entry.before;
    if (!fs.existsSync(path.dirname(file))) undo.notes.push(`${entry.file} is not restored: its folder is gone`);
    else if (present !== null && !isOriginal && !entry.after.includes(fingerprint(present)) && !force) {
      undo.problems.push(`${entry.file} was changed after it was swapped. --force puts the original in its place, and the change is lost`);
    } else if (!isOriginal || modeOf(present) !== modeOf(state)) undo.changes.push({ file, state });
  }
  return undo;
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
