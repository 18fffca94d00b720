'use strict';

// Builds the addon for Linux arm64 with glibc, packs it, and tries the packages on
// arm64's Node.js, which an emulator runs: Debian's `qemu-user`, with arm64's
// libraries from `libc6-arm64-cross` and `libstdc++6-arm64-cross`.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { addon } = require('../lib/crossing/platform');
const { buildTarget } = require('./build-target');
const { packAll } = require('./pack');
const { run } = require('./testing/run');

const PLATFORM = 'linux-arm64-gnu';
const LIBRARIES = '/usr/aarch64-linux-gnu';
const folder = path.join(__dirname, '..', 'target', 'arm64');

const emulator = spawnSync('sh', ['-c', 'command -v qemu-aarch64'], { encoding: 'utf8' }).stdout.trim();

/** @returns {string | null} what is missing */
function missing() {
  if (emulator === '') return 'qemu-aarch64 (Debian: qemu-user)';
  if (!fs.existsSync(LIBRARIES)) return `${LIBRARIES} (Debian: libc6-arm64-cross libstdc++6-arm64-cross)`;
  return null;
}

const lacks = missing();
if (lacks !== null) {
  console.error(`arm64's Node.js cannot run here: there is no ${lacks}`);
  process.exit(1);
}
const addons = path.join(folder, 'addons');
fs.mkdirSync(addons, { recursive: true });
fs.copyFileSync(buildTarget(PLATFORM), path.join(addons, addon(PLATFORM)));
const { main, platforms } = packAll({ addons, output: path.join(folder, 'pack') });
const env = { OWT_GRPC_ARM64_TARBALLS: [main, platforms.get(PLATFORM)].join(path.delimiter), OWT_GRPC_EMULATOR: `${emulator} -L ${LIBRARIES}` };
process.exit(run(['__test__/install/install.arm64.js'], { env }));
