'use strict';

// npm packages in a certain version that only some runs need.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');

/**
 * A file or folder of a package, which is installed if it is not there.
 *
 * @param {string} spec such as amqplib@0.7.1
 * @param {string} folder below target, for this version alone
 * @param {string} wanted a path in the folder
 */
function fetched(spec, folder, wanted) {
  const prefix = path.join(root, 'target', folder);
  const at = path.join(prefix, wanted);
  if (fs.existsSync(at)) return at;
  fs.mkdirSync(prefix, { recursive: true });
  const args = ['install', '--prefix', prefix, '--no-save', '--no-audit', '--no-fund', '--loglevel=error', spec];
  const { status } = spawnSync('npm', args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed`);
  return at;
}

module.exports = { fetched };
