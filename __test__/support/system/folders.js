'use strict';

const fs = require('node:fs');
const path = require('node:path');

/**
 * Copies a folder with all that is in it: `fs.cpSync` came with Node.js 16.7.
 *
 * @param {string} from
 * @param {string} to
 */
function copyFolder(from, to) {
  fs.mkdirSync(to, { recursive: true });
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) copyFolder(source, target);
    else if (entry.isSymbolicLink()) fs.symlinkSync(fs.readlinkSync(source), target);
    else fs.copyFileSync(source, target);
  }
}

/**
 * The files of a folder and of those in it, as paths from there.
 *
 * @param {string} folder
 * @returns {string[]}
 */
function filesIn(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesIn(path.join(folder, entry.name)).map((name) => path.join(entry.name, name)) : [entry.name]);
}

module.exports = { copyFolder, filesIn };
