'use strict';

// The one way in which files are changed: whole, by a rename, and on the disk
// before anything follows. A reader sees the old file or the new one, also after
// a crash.

const fs = require('node:fs');
const path = require('node:path');

/**
 * What is at a path: a file with its bytes and mode (permission bits), or a
 * symbolic link, which is never followed here.
 *
 * @typedef {{ bytes: Buffer, mode: number }} Regular
 * @typedef {{ link: string }} Link
 * @typedef {Regular | Link} State
 */

/**
 * Puts something in place of what is at a path. Not for two at once: see lock.js.
 *
 * @param {string} file
 * @param {State} state
 * @param {string} temporary beside it; one that was cut off may have left it
 * @param {{ uid: number, gid: number }} [owner] by default this process's
 */
function put(file, state, temporary, owner) {
  fs.rmSync(temporary, { force: true });
  try {
    if ('link' in state) fs.symlinkSync(state.link, temporary);
    else write(temporary, state.bytes, state.mode, owner);
    fs.renameSync(temporary, file);
  } catch (error) {
    tidy(temporary);
    throw error;
  }
  sync(path.dirname(file));
}

/** @param {string} temporary which a disk that is full can still remove, and one that is gone cannot */
function tidy(temporary) {
  try {
    fs.rmSync(temporary, { force: true });
  } catch {
    // The next one to put something there does.
  }
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

module.exports = { put, sync, write };
