'use strict';

// npm packages in a certain version that only some runs need.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const TARGET = path.join(__dirname, '..', '..', 'target');

/**
 * A file or folder of a package, which is installed if it is not there.
 *
 * @param {string} spec such as amqplib@0.7.1
 * @param {string} folder below target, for this version alone
 * @param {string} wanted a path in the folder
 * @param {string[]} [more] arguments for npm
 * @returns {string} where it is
 */
function fetched(spec, folder, wanted, more = []) {
  const prefix = path.join(TARGET, folder);
  const at = path.join(prefix, wanted);
  if (fs.existsSync(at)) return at;
  fs.mkdirSync(prefix, { recursive: true });
  const args = ['install', '--prefix', prefix, '--no-save', '--no-audit', '--no-fund', '--loglevel=error', spec, ...more];
  const { status } = spawnSync('npm', args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed`);
  return at;
}

module.exports = { TARGET, fetched };
