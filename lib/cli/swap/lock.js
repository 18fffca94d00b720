'use strict';

// One run at a time in a folder. A run that was killed leaves its lock, which says
// whose it was.

const fs = require('node:fs');
const path = require('node:path');
const { codeOf } = require('../../credentials/errors');
const { CommandError } = require('../support/errors');
const { folderOf } = require('./journal');

/**
 * @template T
 * @param {string} root
 * @param {() => T} action
 * @returns {T}
 */
function locked(root, action) {
  const folder = folderOf(root);
  const file = path.join(folder, 'lock');
  take(root, folder, file);
  try {
    return action();
  } finally {
    fs.rmSync(file, { force: true });
    // Empty if nothing was recorded.
    try {
      fs.rmdirSync(folder);
    } catch {
      // In use, or gone.
    }
  }
}

/**
 * @param {string} root
 * @param {string} folder
 * @param {string} file
 */
function take(root, folder, file) {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isAlive(ownerOf(file))) fs.rmSync(file, { force: true });
    fs.writeFileSync(file, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new CommandError(`another run is at work in ${root}; if none is, remove ${file}`);
    throw new CommandError(`${root} cannot be written (${codeOf(error)}); run this as the user who owns it`);
  }
}

/** @param {string} file */
function ownerOf(file) {
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  // Without its line end it is a part of a number.
  return text.endsWith('\n') ? Number(text) : NaN;
}

/** @param {number} pid */
function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

module.exports = { locked };
