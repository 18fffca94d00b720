'use strict';

// Packs what would be published and tries it as a user gets it: installed into
// empty folders, without Rust.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { run } = require('./testing/run');

const { status } = spawnSync(process.execPath, [path.join(__dirname, 'pack.js')], { stdio: 'inherit' });
process.exit(status === 0 ? run(['__test__/install/install.js', '__test__/install/published.js'], { atOnce: 1 }) : (status ?? 1));
