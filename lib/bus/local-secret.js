'use strict';

// The secret that the processes of one user on one machine share where none is set: a
// file that only this user reads and writes. The first process that looks makes it.

const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setInterval } = require('../common/clock');
const { withCause } = require('../common/compat/errors');
const { codeOf } = require('../common/errors');
const { generated, isGenerated } = require('./secret-keys');

const FILE = 'secret';
/** More than the file has. */
const MOST_BYTES = 1000;
const DAY = 24 * 60 * 60 * 1000;

const INSTEAD = 'or set OWT_GRPC_CLUSTER_SECRET for all processes of the cluster, or OWT_GRPC_SECRET_MODE=off if everybody on this machine may take part';

/**
 * Where the file may be.
 *
 * @typedef {object} Place
 * @property {string} folder made with mode 0700
 * @property {boolean} isTemporary what is old there is cleared out by the system
 */

/**
 * In the user's home, by the system's list of users: it is the same for a login, a daemon, cron and sudo, whatever their
 * environment. A user who has none, as in many containers, has a folder among the temporary ones. XDG_RUNTIME_DIR is no place
 * for it: it goes when the user logs out, and daemons stay.
 *
 * @returns {Place[]}
 */
function places() {
  const temporary = { folder: path.join(os.tmpdir(), `owt-grpc-${ownUid() ?? 'user'}`), isTemporary: true };
  const home = ownHome();
  return home === null ? [temporary] : [{ folder: path.join(home, '.owt-grpc'), isTemporary: false }, temporary];
}

/** @returns {number | null} null on Windows, where the profile's access list keeps others out */
const ownUid = () => (typeof process.geteuid === 'function' ? process.geteuid() : null);

/** @param {{ uid: number }} stat */
const isOwn = ({ uid }) => ownUid() === null || uid === ownUid();

/** @returns {string | null} null if there is none, or if it is not this user's, as the / of many daemons */
function ownHome() {
  try {
    const { homedir } = os.userInfo();
    const stat = fs.statSync(homedir);
    return stat.isDirectory() && isOwn(stat) ? homedir : null;
  } catch {
    return null;
  }
}

/**
 * The text of the file, and where it is.
 *
 * @param {Place[]} [where] the first that takes it
 * @returns {{ text: string, file: string }}
 * @throws {TypeError} there is one that is not to be trusted, or nowhere to make one: without it everybody could take part
 */
function localSecret(where = places()) {
  const failures = [];
  for (const { folder, isTemporary } of where) {
    const file = path.join(folder, FILE);
    try {
      const text = read(folder, file) ?? make(folder, file);
      if (isTemporary) keepYoung(folder, file);
      return { text, file };
    } catch (error) {
      if (error instanceof TypeError) throw error;
      failures.push({ folder, error });
    }
  }
  const tried = failures.map(({ folder, error }) => `${folder} (${codeOf(error)})`).join(', ');
  throw withCause(new TypeError(`the secret that this user's processes share cannot be made in ${tried}: let this user write there, ${INSTEAD}`), failures[0]?.error);
}

/**
 * @param {string} what is wrong
 * @param {string} todo
 */
const refusal = (what, todo) => new TypeError(`the secret that this user's processes share is not used: ${what}. ${todo}, ${INSTEAD}`);

/**
 * No link is followed, and owner and mode are those of what was opened.
 *
 * @param {string} folder
 * @param {string} file
 * @returns {string | null} null if there is none
 */
function read(folder, file) {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
  let fd;
  try {
    refuseUnlessPrivate(folder, fs.lstatSync(folder), 'a directory');
    fd = fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (error instanceof TypeError) throw error;
    if (codeOf(error) === 'ENOENT') return null;
    const isLink = codeOf(error) === 'ELOOP';
    throw withCause(refusal(`${file} ${isLink ? 'is a symbolic link' : `cannot be opened (${codeOf(error)})`}`, 'Look at it and remove it'), error);
  }
  try {
    const stat = fs.fstatSync(fd);
    refuseUnlessPrivate(file, stat, 'a file');
    const text = stat.size > MOST_BYTES ? '' : fs.readFileSync(fd, 'utf8').trim();
    if (!isGenerated(text)) throw refusal(`${file} has something else in it`, 'Remove it and start all processes of this user anew');
    return text;
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * @param {string} name
 * @param {fs.Stats} stat
 * @param {'a directory' | 'a file'} kind
 */
function refuseUnlessPrivate(name, stat, kind) {
  const isKind = kind === 'a file' ? stat.isFile() : stat.isDirectory();
  if (!isKind) throw refusal(`${name} is not ${kind}`, 'Look at it and remove it');
  if (!isOwn(stat)) throw refusal(`${name} belongs to the user ${stat.uid}, not to ${ownUid()}`, 'Have it removed');
  const mode = stat.mode & 0o777;
  if (ownUid() === null || (mode & 0o077) === 0) return;
  const right = kind === 'a file' ? '600' : '700';
  const shown = mode.toString(8).padStart(4, '0');
  throw refusal(`${name} has mode ${shown}, so that others may get at it`, `\`chmod ${right} ${name}\` if nobody has, else remove it and start all processes of this user anew`);
}

/**
 * Whoever else makes one at the same time, all get the same: it is written under another name, then linked to its own, which
 * does not go over one that is there.
 *
 * @param {string} folder
 * @param {string} file
 * @returns {string}
 */
function make(folder, file) {
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  refuseUnlessPrivate(folder, fs.lstatSync(folder), 'a directory');
  const unfinished = `${file}.${randomBytes(8).toString('hex')}`;
  try {
    writeWhole(unfinished, `${generated()}\n`);
    fs.linkSync(unfinished, file);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    fs.rmSync(unfinished, { force: true });
  }
  const text = read(folder, file);
  if (text === null) throw refusal(`${file} went as soon as it was made`, 'See what clears out that folder');
  return text;
}

/**
 * On the disk before it has its name: no failing power leaves a file there with nothing in it.
 *
 * @param {string} file
 * @param {string} text
 */
function writeWhole(file, text) {
  const fd = fs.openSync(file, 'wx', 0o600);
  try {
    fs.writeSync(fd, text);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** @type {Set<string>} */
const kept = new Set();

/**
 * What clears old files out of a temporary folder is to see that this one is in use: else a process that comes after ten
 * days would make another.
 *
 * @param {string} folder
 * @param {string} file
 */
function keepYoung(folder, file) {
  touch(folder, file);
  if (kept.has(file)) return;
  kept.add(file);
  setInterval(touch, DAY, folder, file).unref();
}

/** @param {string[]} names */
function touch(...names) {
  const now = new Date();
  try {
    for (const name of names) fs.utimesSync(name, now, now);
  } catch {
    // It is gone, and is not to be made by who only keeps it.
  }
}

module.exports = { localSecret };
