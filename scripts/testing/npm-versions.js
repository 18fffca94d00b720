'use strict';

// Other versions of npm than the installed one.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');

/**
 * npm of a version, fetched into target/npm if it is not there.
 *
 * @param {string} version such as 6.14.16
 * @returns {{ npm: string, npx: string }} the scripts that node runs
 */
function npmOf(version) {
  const prefix = path.join(root, 'target', 'npm', version);
  const bin = path.join(prefix, 'node_modules', 'npm', 'bin');
  const scripts = { npm: path.join(bin, 'npm-cli.js'), npx: path.join(bin, 'npx-cli.js') };
  if (fs.existsSync(scripts.npm)) return scripts;
  fs.mkdirSync(prefix, { recursive: true });
  const args = ['install', '--prefix', prefix, '--no-save', '--no-audit', '--no-fund', `npm@${version}`];
  const { status } = spawnSync('npm', args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`no npm ${version}: npm ${args.join(' ')} failed`);
  return scripts;
}

module.exports = { npmOf };
