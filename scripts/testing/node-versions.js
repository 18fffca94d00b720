'use strict';

// Other versions of Node.js, which npm packages carry.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
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
  return path.join(folderOf(version, arch), 'node_modules', carrierOf(arch), 'bin', isWindows ? 'node.exe' : 'node');
}

/** @param {string} version @param {string} arch */
const folderOf = (version, arch) => path.join(root, 'target', 'node', arch === process.arch ? version : `${version}-${arch}`);

/** @param {string} arch */
const carrierOf = (arch) => `node-${isWindows ? 'win' : process.platform}-${arch}`;

/**
 * A version's `node`, fetched into target/node if it is not there.
 *
 * @param {string} version such as 14.19.0, or 18 for the newest of them
 * @param {string} [arch] by default this machine's
 * @returns {string} the executable
 */
function nodeOf(version, arch = process.arch) {
  const node = placeOf(version, arch);
  if (fs.existsSync(node)) return node;
  const prefix = folderOf(version, arch);
  fs.mkdirSync(prefix, { recursive: true });
  const force = arch === process.arch ? [] : ['--force'];
  const args = ['install', '--prefix', prefix, '--no-save', '--no-audit', '--no-fund', `${carrierOf(arch)}@${version}`, ...force];
  const { status } = spawnSync('npm', args, { stdio: 'inherit', shell: isWindows });
  if (status !== 0) throw new Error(`no Node.js ${version} for ${carrierOf(arch)}: npm ${args.join(' ')} failed`);
  return node;
}

module.exports = { TOO_OLD, nodeOf, placeOf };
