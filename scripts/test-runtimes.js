'use strict';

// Runs the tests of other runtimes than Node.js: the newest Bun and Deno, which
// npm packages of their own carry. They are kept in target/runtimes.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { run } = require('./testing/run');

const PACKAGES = ['bun@1', 'deno@2'];

const prefix = path.join(__dirname, '..', 'target', 'runtimes');
fs.mkdirSync(prefix, { recursive: true });
const args = ['install', '--prefix', prefix, '--no-save', '--no-audit', '--no-fund', ...PACKAGES];
const { status } = spawnSync('npm', args, { stdio: 'inherit', shell: process.platform === 'win32' });
if (status !== 0) {
  console.error(`no Bun and Deno for ${process.platform} ${process.arch}: npm ${args.join(' ')} failed`);
  process.exit(1);
}

const bin = path.join(prefix, 'node_modules', '.bin');
const PATH = `${bin}${path.delimiter}${process.env.PATH}`;
for (const name of ['bun', 'deno']) {
  const { stdout, error } = spawnSync(path.join(bin, name), ['--version'], { encoding: 'utf8' });
  if (error) throw error;
  console.log(`${name} ${stdout.split('\n')[0]}`);
}
// Deno looks for newer versions of itself unless it is told not to.
process.exit(run(['__test__/platforms/runtimes.test.js'], { env: { PATH, DENO_NO_UPDATE_CHECK: '1' } }));
