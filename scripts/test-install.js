'use strict';

// Packs what would be published and tries it as a user gets it: installed into
// empty folders, without Rust.

const { spawnSync } = require('node:child_process');
const path = require('node:path');

for (const args of [
  [path.join('scripts', 'pack.js')],
  ['--test', path.join('__test__', 'install', 'install.js'), path.join('__test__', 'install', 'published.js')],
]) {
  const { status } = spawnSync(process.execPath, args, { cwd: path.join(__dirname, '..'), stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
