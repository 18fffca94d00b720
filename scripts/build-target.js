'use strict';

// Builds the addon for a platform of npm/ and puts it into the root folder:
// `node scripts/build-target.js linux-arm64-musl`. The release does so for each,
// and `npm run pack` for the machine that it runs on. Builds for Linux go through
// cargo-zigbuild (scripts/zig.js), which can make any of them on any Linux; the
// others need their own system.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { addon, built } = require('../lib/crossing/platform');
const { OLDEST } = require('./packing/glibc');
const { INSTALL, zigEnvironment } = require('./zig');

const root = path.join(__dirname, '..');

/** @type {Record<string, string>} */
const TRIPLES = {
  'linux-x64-gnu': 'x86_64-unknown-linux-gnu',
  'linux-arm64-gnu': 'aarch64-unknown-linux-gnu',
  'linux-x64-musl': 'x86_64-unknown-linux-musl',
  'linux-arm64-musl': 'aarch64-unknown-linux-musl',
  'darwin-x64': 'x86_64-apple-darwin',
  'darwin-arm64': 'aarch64-apple-darwin',
  'win32-x64-msvc': 'x86_64-pc-windows-msvc',
};

/** @param {string} platform a folder of npm/ @returns {string} the file @throws if cargo fails, with what it may need */
function buildTarget(platform) {
  const triple = TRIPLES[platform];
  const linux = platform.startsWith('linux');
  const target = platform.endsWith('-gnu') ? `${triple}.${OLDEST}` : triple;
  const env = linux ? zigEnvironment() : { ...process.env };
  // A shared library can only be linked to a shared musl, which is that of Node.js.
  if (platform.endsWith('-musl')) env.RUSTFLAGS = '-C target-feature=-crt-static';
  const args = [linux ? 'zigbuild' : 'build', '--release', '--locked', '--lib', '--quiet', '--target', target];
  const { status } = spawnSync('cargo', args, { cwd: root, env, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`cargo ${args.join(' ')} failed. It needs \`rustup target add ${triple}\`${linux ? ` and \`${INSTALL}\`` : ''}.`);
  return path.join(root, 'target', triple, 'release', built(platform.split('-')[0]));
}

/**
 * Puts what cargo has built where it is loaded and packed from.
 *
 * @param {string} from @param {string} [platform] a folder of npm/, by default that of this process
 */
function place(from, platform) {
  const to = path.join(root, addon(platform));
  if (fs.existsSync(to) && fs.readFileSync(from).equals(fs.readFileSync(to))) return;
  // A rename never disturbs a process that has the old addon mapped.
  fs.copyFileSync(from, `${to}.new`);
  fs.renameSync(`${to}.new`, to);
}

module.exports = { TRIPLES, buildTarget, place };

if (require.main === module) {
  const platform = process.argv[2];
  if (TRIPLES[platform] === undefined) {
    console.error(`usage: node scripts/build-target.js ${Object.keys(TRIPLES).join(' | ')}`);
    process.exit(2);
  }
  try {
    place(buildTarget(platform), platform);
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
