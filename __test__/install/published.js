'use strict';

// Run by `npm run test:install`, which packs first.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const { MAIN, PLATFORM, root } = require('../support/installation');

/** Runs a tool of the repository; fails with what it prints. */
function clean(name, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(root, 'node_modules', name), ...args], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return stdout;
}

for (const tarball of [MAIN, PLATFORM]) {
  test(`publint finds nothing in ${path.basename(tarball)}`, () => {
    assert.match(clean('publint/src/cli.js', 'run', '--strict', tarball), /All good/);
  });
}

test('@arethetypeswrong finds nothing in any entry, for any way to resolve it', () => {
  assert.match(clean('@arethetypeswrong/cli/dist/index.js', '--format', 'table-flipped', MAIN), /No problems found/);
});
