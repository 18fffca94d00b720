'use strict';

// Builds the addon for a platform of npm/: `node scripts/build-target.js
// linux-arm64-musl`. The release does so for each. Builds for Linux go through
// cargo-zigbuild (`pip install cargo-zigbuild`), which can make any of them
// anywhere; the others need their own system.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { addon, built } = require('../lib/addon-path');

const root = path.join(__dirname, '..');

const TRIPLES = {
  'linux-x64-gnu': 'x86_64-unknown-linux-gnu',
  'linux-arm64-gnu': 'aarch64-unknown-linux-gnu',
  'linux-x64-musl': 'x86_64-unknown-linux-musl',
  'linux-arm64-musl': 'aarch64-unknown-linux-musl',
  'darwin-x64': 'x86_64-apple-darwin',
  'darwin-arm64': 'aarch64-apple-darwin',
  'win32-x64-msvc': 'x86_64-pc-windows-msvc',
};

/** The glibc that Node.js 18 itself asks for. */
const GLIBC = '2.28';

const platform = process.argv[2];
const triple = TRIPLES[platform];
if (triple === undefined) {
  console.error(`usage: node scripts/build-target.js ${Object.keys(TRIPLES).join(' | ')}`);
  process.exit(2);
}

const linux = platform.startsWith('linux');
const target = platform.endsWith('-gnu') ? `${triple}.${GLIBC}` : triple;
const env = { ...process.env };
// A shared library can only be linked to a shared musl, which is that of Node.js.
if (platform.endsWith('-musl')) env.RUSTFLAGS = '-C target-feature=-crt-static';

const args = [linux ? 'zigbuild' : 'build', '--release', '--locked', '--lib', '--target', target];
const { status } = spawnSync('cargo', args, { cwd: root, env, stdio: 'inherit', shell: process.platform === 'win32' });
if (status !== 0) {
  console.error(`cargo ${args.join(' ')} failed. It needs \`rustup target add ${triple}\`${linux ? ' and `pip install cargo-zigbuild`' : ''}.`);
  process.exit(1);
}
fs.copyFileSync(path.join(root, 'target', triple, 'release', built(platform.split('-')[0])), path.join(root, addon(platform)));
