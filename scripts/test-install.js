'use strict';

// Packs what would be published and tries it as a user gets it: installed into
// empty folders, without Rust. Addons for Linux must load on old systems, whatever
// they were built with; with --this-machine they may be for new ones only.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { run } = require('./testing/run');

const FILES = ['install', 'published', 'by-name'].map((name) => `__test__/install/${name}.install.js`);

const env = { OWT_GRPC_THIS_MACHINE: process.argv.includes('--this-machine') ? '1' : '0' };
const { status } = spawnSync(process.execPath, [path.join(__dirname, 'pack.js')], { stdio: 'inherit' });
process.exit(status === 0 ? run(FILES, { atOnce: 1, env }) : (status ?? 1));
