'use strict';

// Run by `npm run test:install`, which packs first. What is in the tarballs.

const assert = require('node:assert').strict;
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { MAIN, root } = require('../support/cli/installation');
const { addon, platformPackage } = require('../../lib/crossing/platform');
const { version } = require('../../package.json');
const { platforms } = require('../../scripts/pack');
const { OLDEST, glibcOf, isNewer } = require('../../scripts/packing/glibc');

const onlyThisMachine = process.env.OWT_GRPC_THIS_MACHINE === '1';
const tarballOf = (name) => path.join(path.dirname(MAIN), `${platformPackage(name)}-${version}.tgz`);
const packed = platforms.filter((name) => fs.existsSync(tarballOf(name)));

/** Runs a tool of the repository; fails with what it prints. */
function clean(name, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(root, 'node_modules', name), ...args], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return stdout;
}

/** A file in a tarball. */
const unpacked = (tarball, file) => execFileSync('tar', ['-xzOf', tarball, `package/${file}`], { maxBuffer: 1 << 26 });

for (const tarball of [MAIN, ...packed.map(tarballOf)]) {
  test(`publint finds nothing in ${path.basename(tarball)}`, () => {
    assert.match(clean('publint/src/cli.js', 'run', '--strict', tarball), /All good/);
  });

  test(`${path.basename(tarball)} has its license, and those of what is in it`, () => {
    for (const file of ['LICENSE', 'THIRD-PARTY-LICENSES.txt']) assert.deepEqual(unpacked(tarball, file), fs.readFileSync(path.join(root, file)));
  });
}

for (const name of packed.filter((one) => one.startsWith('linux'))) {
  const glibc = glibcOf(unpacked(tarballOf(name), addon(name)));

  if (name.endsWith('-musl')) test(`the addon in the package for ${name} asks for no glibc`, () => assert.equal(glibc, null));
  else {
    const skip = onlyThisMachine && `it loads with glibc ${glibc} and newer`;
    test(`the addon in the package for ${name} loads with glibc ${OLDEST} and newer`, { skip }, () => {
      assert.ok(
        !isNewer(glibc, OLDEST),
        `It needs glibc ${glibc}: it was linked with this machine's. Build it with cargo-zigbuild (CONTRIBUTING.md has how), `
          + 'or run `npm run test:install -- --this-machine` if the packages are for systems as new as this one.'
      );
    });
  }
}

test('@arethetypeswrong finds nothing in any entry, for any way to resolve it', () => {
  assert.match(clean('@arethetypeswrong/cli/dist/index.js', '--format', 'table-flipped', MAIN), /No problems found/);
});
