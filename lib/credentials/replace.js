'use strict';

// Replaces a file so that a reader sees the old one or the new one, whole, also
// after a crash, and so that two who change it at once both get their change in.

const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: pause } = require('node:timers/promises');
const { StoreError, codeOf } = require('./errors');

const OWNER_ONLY = 0o600;
const POLL_MS = 10;

/**
 * The new content is written to a file beside the old one, which is also the
 * lock: it can be created only once, and ends with the rename.
 *
 * @param {string} file
 * @param {() => Buffer} content called while nobody else can change the file; may throw
 * @param {{ waitMs: number }} options how long to wait for others
 */
async function replace(file, content, { waitMs }) {
  const target = followed(file);
  const temporary = `${target}.new`;
  const fd = await create(temporary, file, waitMs);
  try {
    try {
      const bytes = content();
      attempt(file, () => fill(fd, bytes, target));
    } finally {
      fs.closeSync(fd);
    }
    attempt(file, () => fs.renameSync(temporary, target));
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  attempt(file, () => syncFolder(path.dirname(target)));
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
 * @param {string} temporary
 * @param {string} file
 * @param {number} waitMs
 */
async function create(temporary, file, waitMs) {
  const until = performance.now() + waitMs;
  for (;;) {
    try {
      return fs.openSync(temporary, 'wx', OWNER_ONLY);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw unwritable(file, error);
      if (performance.now() >= until) {
        throw new StoreError('BUSY', file, `another update is under way; if none is, one was cut off: remove ${temporary} and try again`);
      }
    }
    await pause(POLL_MS);
  }
}

/**
 * @param {number} fd
 * @param {Buffer} bytes
 * @param {string} target
 */
function fill(fd, bytes, target) {
  const old = fs.statSync(target, { throwIfNoEntry: false });
  // Who could read the old file has to be able to read the new one: root often
  // writes what a service's user reads.
  if (old !== undefined && old.uid !== fs.fstatSync(fd).uid) fs.fchownSync(fd, old.uid, old.gid);
  fs.fchmodSync(fd, OWNER_ONLY);
  fs.writeFileSync(fd, bytes);
  fs.fsyncSync(fd);
}

/** @param {string} folder */
function syncFolder(folder) {
  if (process.platform === 'win32') return;
  const fd = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * @param {string} file
 * @param {() => void} action
 */
function attempt(file, action) {
  try {
    action();
  } catch (error) {
    throw unwritable(file, error);
  }
}

/**
 * @param {string} file
 * @param {unknown} error
 */
function unwritable(file, error) {
  const code = codeOf(error);
  const help = code === 'ENOENT' ? 'make its folder first' : 'run this as the user who owns the file and its folder, and check for space';
  return new StoreError('UNWRITABLE', file, `cannot be written (${code}); ${help}`, error);
}

module.exports = { replace };
