'use strict';

// A lock in the file system, for those who change the same files. It names its
// owner, so that one that a killed process has left is taken away by the next who
// wants it: where that is certain, which is on the same machine, since it was
// started, and among the same process numbers. Others are for a person to remove.

const fs = require('node:fs');
const os = require('node:os');
const { codeOf } = require('../errors');

/**
 * Within which process numbers mean something. Asked for by the first lock:
 * Deno's users have to permit that a host's name is read.
 *
 * @type {string | undefined}
 */
let knownPlace;

/**
 * @param {string} file the lock, which no one else writes
 * @returns {(() => void) | null} gives it back; null if another has it
 * @throws what the system says if there can be no lock
 */
function tryLock(file) {
  return create(file) || (removeStale(file) && create(file)) ? () => fs.rmSync(file, { force: true }) : null;
}

/**
 * A symbolic link comes into being with what it says, a file is empty at first.
 *
 * @param {string} file
 * @returns {boolean} whether it was not there
 */
function create(file) {
  try {
    const owner = `${process.pid}@${place()}`;
    if (process.platform === 'win32') fs.writeFileSync(file, owner, { flag: 'wx' });
    else fs.symlinkSync(owner, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Whoever removes a lock holds another one meanwhile: what was found stale is
 * still the one that is removed then. That one is held for an instant; if just
 * then its owner was killed, it is removed as it is.
 *
 * @param {string} file
 * @returns {boolean} whether it is gone
 */
function removeStale(file) {
  if (!isStale(file)) return false;
  const breaking = `${file}.stale`;
  if (isStale(breaking)) fs.rmSync(breaking, { force: true });
  if (!create(breaking)) return false;
  try {
    if (isStale(file)) fs.rmSync(file, { force: true });
    return true;
  } finally {
    fs.rmSync(breaking, { force: true });
  }
}

/** @param {string} file */
function isStale(file) {
  const [pid, where] = ownerOf(file).split('@');
  return where === place() && /^[1-9]\d*$/.test(pid) && !isAlive(Number(pid));
}

/** @param {string} file @returns {string} empty if there is none */
function ownerOf(file) {
  try {
    return process.platform === 'win32' ? fs.readFileSync(file, 'utf8') : fs.readlinkSync(file);
  } catch {
    // Given back meanwhile, or of another kind.
    return '';
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

/** @returns {string} the same at each call */
function place() {
  if (knownPlace === undefined) knownPlace = readPlace();
  return knownPlace;
}

function readPlace() {
  const parts = [os.hostname()];
  if (process.platform === 'linux') {
    try {
      parts.push(fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(), fs.readlinkSync('/proc/self/ns/pid'));
    } catch {
      // Without /proc nothing is certain: no other process has this number for it.
      parts.push(String(Math.random()));
    }
  }
  return parts.join(' ');
}

module.exports = { tryLock };
