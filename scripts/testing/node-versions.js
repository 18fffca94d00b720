'use strict';

// Other versions of Node.js, which npm packages carry.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const isWindows = process.platform === 'win32';
const carrier = `node-${isWindows ? 'win' : process.platform}-${process.arch}`;

/** Versions that the package does not run on, and says so. */
const TOO_OLD = ['10', '12', '14.17.6', '15'];

/**
 * Where a version's `node` is, once it was fetched.
 *
 * @param {string} version such as 14.19.0, or 18 for the newest of them
 */
function placeOf(version) {
  return path.join(root, 'target', 'node', version, 'node_modules', carrier, 'bin', isWindows ? 'node.exe' : 'node');
}

/**
 * A version's `node`, fetched into target/node if it is not there.
 *
 * @param {string} version
 * @returns {string} the executable
 */
function nodeOf(version) {
  const prefix = path.join(root, 'target', 'node', version);
  const node = placeOf(version);
  if (fs.existsSync(node)) return node;
  fs.mkdirSync(prefix, { recursive: true });
  const args = ['install', '--prefix', prefix, '--no-save', '--no-audit', '--no-fund', `${carrier}@${version}`];
  const { status } = spawnSync('npm', args, { stdio: 'inherit', shell: isWindows });
  if (status !== 0) throw new Error(`no Node.js ${version} for ${carrier}: npm ${args.join(' ')} failed`);
  return node;
}

module.exports = { TOO_OLD, nodeOf, placeOf };
