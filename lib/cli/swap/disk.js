'use strict';

// Files as they are before and after a swap.

const fs = require('node:fs');
const whole = require('../../common/files/atomic-write');
const { sha256 } = require('./known');

const TEMPORARY = '.owt-grpc-new';

/** @typedef {import('../../common/files/atomic-write').Regular} Regular @typedef {import('../../common/files/atomic-write').State} State */

/**
 * @param {string} file
 * @returns {State | null} null if there is nothing
 */
function stateOf(file) {
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  if (stat.isSymbolicLink()) return { link: fs.readlinkSync(file) };
  return { bytes: fs.readFileSync(file), mode: stat.mode & 0o7777 };
}

/**
 * Whether two are the same, as a text.
 *
 * @param {State | null} state
 */
function fingerprint(state) {
  if (state === null) return 'none';
  return 'link' in state ? `link:${state.link}` : sha256(state.bytes);
}

/**
 * Puts something in place of what is at a path, and keeps its owner.
 *
 * @param {string} file
 * @param {State} state
 */
function put(file, state) {
  whole.put(file, state, file + TEMPORARY, fs.lstatSync(file, { throwIfNoEntry: false }));
}

module.exports = { TEMPORARY, fingerprint, put, stateOf };
