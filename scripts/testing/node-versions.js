'use strict';

// Other versions of Node.js, which npm packages carry.

const path = require('node:path');
const { fetched } = require('./fetched');

const isWindows = process.platform === 'win32';
const carrier = `node-${isWindows ? 'win' : process.platform}-${process.arch}`;

/**
 * A version's `node`, fetched into target/node if it is not there.
 *
 * @param {string} version such as 14.19.0, or 18 for the newest of them
 * @returns {string} the executable
 */
function nodeOf(version) {
  const executable = path.join('node_modules', carrier, 'bin', isWindows ? 'node.exe' : 'node');
  return fetched(`${carrier}@${version}`, path.join('node', version), executable);
}

module.exports = { nodeOf };
