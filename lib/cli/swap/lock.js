'use strict';

// One run at a time in a folder.

const fs = require('node:fs');
const path = require('node:path');
const { codeOf } = require('../../common/errors');
const { tryLock } = require('../../common/files/lock');
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
  const release = take(root, folder);
  try {
    return action();
  } finally {
    release();
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
 */
function take(root, folder) {
  const file = path.join(folder, 'lock');
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const release = tryLock(file);
    if (release !== null) return release;
  } catch (error) {
    throw new CommandError(`${root} cannot be written (${codeOf(error)}); run this as the user who owns it`);
  }
  throw new CommandError(`another run is at work in ${root}; if none is, remove ${file}`);
}

module.exports = { locked };
