'use strict';

// Files as they are before and after a swap, and the one way in which they are
// changed: whole, by a rename, on the disk before anything follows.

const fs = require('node:fs');
const path = require('node:path');
const { sha256 } = require('./known');

const TEMPORARY = '.owt-grpc-new';

/**
 * What is at a path: a file with its bytes and mode (permission bits), or a
 * symbolic link, which is never followed here.
 *
 * @typedef {{ bytes: Buffer, mode: number }} Regular
 * @typedef {{ link: string }} Link
 * @typedef {Regular | Link} State
 */

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
  const temporary = file + TEMPORARY;
  // One that was cut off has left it.
  fs.rmSync(temporary, { force: true });
  if ('link' in state) fs.symlinkSync(state.link, temporary);
  else write(temporary, state.bytes, state.mode, fs.lstatSync(file, { throwIfNoEntry: false }));
  fs.renameSync(temporary, file);
  sync(path.dirname(file));
}

/**
 * @param {string} file which is not there
 * @param {Buffer} bytes
 * @param {number} mode
 * @param {{ uid: number, gid: number }} [owner]
 */
function write(file, bytes, mode, owner) {
  const fd = fs.openSync(file, 'wx', 0o600);
  try {
    const own = fs.fstatSync(fd);
    if (owner !== undefined && (owner.uid !== own.uid || owner.gid !== own.gid)) fs.fchownSync(fd, owner.uid, owner.gid);
    fs.fchmodSync(fd, mode);
    fs.writeFileSync(fd, bytes);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** @param {string} folder whose entries are to be on the disk */
function sync(folder) {
  if (process.platform === 'win32') return;
  const fd = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

module.exports = { TEMPORARY, fingerprint, put, stateOf, sync, write };
