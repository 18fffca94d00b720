'use strict';

// The two programs of a module that owt-grpc takes the place of, and whose they are.

const fs = require('node:fs');
const path = require('node:path');
const { SURFACES, isKnown, isShim } = require('../swap/known');

/** @typedef {import('../swap/known').Surface} Surface */

/**
 * `ours`: it loads owt-grpc. `other`: it loads the other half of owt-grpc. `theirs`: it is OWT's own. `modified`: neither.
 *
 * @typedef {'ours' | 'other' | 'theirs' | 'modified' | 'unreadable'} Whose
 * @typedef {{ surface: Surface, file: string, whose: Whose }} Program the file from the module's folder
 */

/**
 * Agents have grpcTools.js once more, in the folder of their purpose.
 *
 * @param {string} folder of the module
 * @returns {Program[]}
 */
function programsOf(folder) {
  const inner = entriesOf(folder).filter((entry) => entry.isDirectory() && entry.name !== 'node_modules').map(({ name }) => name);
  return ['', ...inner].flatMap((name) => SURFACES.map((surface) => ({ surface, file: path.join(name, `${surface}.js`) }))).flatMap((one) => {
    const whose = whoseIs(path.join(folder, one.file), one.surface);
    return whose === null ? [] : [{ ...one, whose }];
  });
}

/** @param {string} folder */
function entriesOf(folder) {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/**
 * @param {string} file
 * @param {Surface} surface
 * @returns {Whose | null} null if there is no such file
 */
function whoseIs(file, surface) {
  let bytes;
  try {
    bytes = fs.readFileSync(file);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT' ? null : 'unreadable';
  }
  if (isShim(surface, bytes)) return 'ours';
  if (isKnown(surface, bytes)) return 'theirs';
  const loads = /require\((['"])owt-grpc\/(\w+)\1\)/.exec(bytes.toString('utf8'));
  return loads === null ? 'modified' : loads[2] === surface ? 'ours' : 'other';
}

module.exports = { programsOf };
