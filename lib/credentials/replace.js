'use strict';

// Replaces a store whole, and so that two who change it at once both get their
// change in.

const fs = require('node:fs');
const { performance } = require('node:perf_hooks');
const { promisify } = require('node:util');
const { tryLock } = require('../common/files/lock');
const { put } = require('../common/files/atomic-write');
const { codeOf } = require('../common/errors');
const { StoreError } = require('./errors');

const OWNER_ONLY = 0o600;
const POLL_MS = 10;

const pause = promisify(setTimeout);

/**
 * @param {string} file
 * @param {() => Buffer} content called while nobody else can change the file; may throw
 * @param {{ waitMs: number }} options how long to wait for others
 */
async function replace(file, content, { waitMs }) {
  const target = followed(file);
  const release = await locked(`${target}.lock`, file, waitMs);
  try {
    const bytes = content();
    attempt(file, () => put(target, { bytes, mode: OWNER_ONLY }, `${target}.new`, otherOwner(target)));
  } finally {
    release();
  }
}

/**
 * A link stays one: module folders may share a store by links.
 *
 * @param {string} file
 */
function followed(file) {
  try {
    return fs.realpathSync(file);
  } catch {
    // There is none yet, or reading it will say what is wrong.
    return file;
  }
}

/**
 * @param {string} lock
 * @param {string} file
 * @param {number} waitMs
 */
async function locked(lock, file, waitMs) {
  const until = performance.now() + waitMs;
  for (;;) {
    const release = attempt(file, () => tryLock(lock));
    if (release !== null) return release;
    if (performance.now() >= until) throw new StoreError('BUSY', file, `another update is under way; if none is, one was cut off: remove ${lock} and try again`);
    await pause(POLL_MS);
  }
}

/**
 * Who could read the old file has to be able to read the new one: root often
 * writes what a service's user reads.
 *
 * @param {string} target
 */
function otherOwner(target) {
  const old = fs.statSync(target, { throwIfNoEntry: false });
  return old !== undefined && old.uid !== process.geteuid?.() ? old : undefined;
}

/**
 * @template T
 * @param {string} file
 * @param {() => T} action
 * @returns {T}
 */
function attempt(file, action) {
  try {
    return action();
  } catch (error) {
    const code = codeOf(error);
    const help = code === 'ENOENT' ? 'make its folder first' : 'run this as the user who owns the file and its folder, and check for space';
    throw new StoreError('UNWRITABLE', file, `cannot be written (${code}); ${help}`, error);
  }
}

module.exports = { replace };
