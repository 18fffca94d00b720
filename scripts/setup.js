'use strict';

// Makes a fresh clone ready: npm packages and the native addon with its
// generated codec. Quick when there is nothing to do, so every npm script
// starts with it. With --for-others the addon is that of a package: where
// cargo-zigbuild is, one for old systems, too.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { built, target } = require('../lib/crossing/platform');
const { TRIPLES, buildTarget, place } = require('./build-target');
const { hasZig } = require('./zig');

const root = path.join(__dirname, '..');

// Compares content, not times: a clone gives every file the same age.
function packagesAreCurrent() {
  const wanted = fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8');
  const stamp = path.join(root, 'node_modules', '.owt-grpc-lock');
  return fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted;
}

function installPackages() {
  run('npm', ['ci', '--no-fund', '--no-audit'], 'Installing npm packages failed.');
  fs.copyFileSync(
    path.join(root, 'package-lock.json'),
    path.join(root, 'node_modules', '.owt-grpc-lock')
  );
}

function buildAddon() {
  run(
    'cargo',
    ['build', '--release', '--locked', '--lib', '--quiet'],
    'Building the addon failed. It needs Rust 1.88 or newer (https://rustup.rs).'
  );
  place(path.join(root, 'target', 'release', built()));
}

/** The addon for others' machines; on this one it is as good as the other. */
function buildForOthers() {
  const { name } = target();
  if (!name.endsWith('-gnu') || TRIPLES[name] === undefined || !hasZig()) return buildAddon();
  try {
    place(buildTarget(name));
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}

function run(command, args, help) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (result.status === 0) return;
  console.error(`${command} ${args.join(' ')}: ${result.error?.message ?? `exit ${result.status}`}`);
  console.error(help);
  process.exit(1);
}

if (!packagesAreCurrent()) installPackages();
// A release tests the addons that it has built elsewhere.
if (process.env.OWT_GRPC_PREBUILT !== '1') {
  if (process.argv.includes('--for-others')) buildForOthers();
  else buildAddon();
}
