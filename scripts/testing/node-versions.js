'use strict';

// Other versions of Node.js, which npm packages carry.

const path = require('node:path');
const { TARGET, fetched } = require('./fetched');

const isWindows = process.platform === 'win32';

/** Versions that the package does not run on, and says so. */
const TOO_OLD = ['10', '12', '14.17.6', '15'];

/**
 * Where a version's `node` is, once it was fetched.
 *
 * @param {string} version such as 14.19.0, or 18 for the newest of them
 * @param {string} [arch] by default this machine's
 */
function placeOf(version, arch = process.arch) {
  return path.join(TARGET, folderOf(version, arch), executableOf(arch));
}

/** @param {string} version @param {string} arch */
const folderOf = (version, arch) => path.join('node', arch === process.arch ? version : `${version}-${arch}`);

/** @param {string} arch */
const carrierOf = (arch) => `node-${isWindows ? 'win' : process.platform}-${arch}`;

/** @param {string} arch */
const executableOf = (arch) => path.join('node_modules', carrierOf(arch), 'bin', isWindows ? 'node.exe' : 'node');

/**
 * A version's `node`, fetched into target/node if it is not there.
 *
 * @param {string} version such as 14.19.0, or 18 for the newest of them
 * @param {string} [arch] by default this machine's
 * @returns {string} the executable
 */
function nodeOf(version, arch = process.arch) {
  const force = arch === process.arch ? [] : ['--force'];
  return fetched(`${carrierOf(arch)}@${version}`, folderOf(version, arch), executableOf(arch), force);
}

module.exports = { TOO_OLD, nodeOf, placeOf };
