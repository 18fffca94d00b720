'use strict';

// Other versions of Node.js, which npm packages carry.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const isWindows = process.platform === 'win32';

/**
 * A version's `node`, fetched into target/node if it is not there.
 *
 * @param {string} version such as 14.19.0, or 18 for the newest of them
 * @param {string} [arch] by default this machine's
 * @returns {string} the executable
 */
function nodeOf(version, arch = process.arch) {
  const isForeign = arch !== process.arch;
  const carrier = `node-${isWindows ? 'win' : process.platform}-${arch}`;
  const prefix = path.join(root, 'target', 'node', isForeign ? `${version}-${arch}` : version);
  const node = path.join(prefix, 'node_modules', carrier, 'bin', isWindows ? 'node.exe' : 'node');
  if (fs.existsSync(node)) return node;
  fs.mkdirSync(prefix, { recursive: true });
  const args = ['install', '--prefix', prefix, '--no-save', '--no-audit', '--no-fund', `${carrier}@${version}`, ...(isForeign ? ['--force'] : [])];
  const { status } = spawnSync('npm', args, { stdio: 'inherit', shell: isWindows });
  if (status !== 0) throw new Error(`no Node.js ${version} for ${carrier}: npm ${args.join(' ')} failed`);
  return node;
}

module.exports = { nodeOf };
