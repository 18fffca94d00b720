'use strict';

// A Node.js that is too old is told so, where it would otherwise meet syntax and
// modules that it does not know.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { unsupported } = require('../../lib/common/compat/node-version');
const { TOO_OLD, placeOf } = require('../../scripts/testing/node-versions');

const root = path.join(__dirname, '../..');
const ENTRIES = ['index.js', 'lib/dropin/amqpClient.js', 'lib/dropin/grpcTools.js'];

test('the versions that are taken are those that package.json names', () => {
  assert.equal(require('../../package.json').engines.node, '^14.18.0 || >=16');
  for (const version of ['14.18.0', '14.21.3', '16.0.0', '17.9.1', '20.20.2', '26.0.0', '100.0.0']) assert.equal(unsupported(version), '', version);
  for (const version of ['0.12.18', '8.17.0', '12.22.12', '13.14.0', '14.0.0', '14.17.6', '15.0.0', '15.14.0']) {
    assert.match(unsupported(version), new RegExp(`^owt-grpc needs Node\\.js 14\\.18 or a later 14, or 16 or newer; this is Node\\.js ${version.replace(/\./g, '\\.')} \\(.*\\): install`));
  }
  assert.equal(unsupported(process.versions.node), '');
});

for (const version of TOO_OLD) {
  const node = placeOf(version);
  const skip = fs.existsSync(node) ? false : `no Node.js ${version} in target/node: \`npm run test:node\` fetches it`;

  test(`Node.js ${version}: the command and each entry say that it is too old`, { skip }, () => {
    // Without what the tests of old versions are preloaded with.
    const start = (...args) => spawnSync(node, args, { cwd: root, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } });
    const [exact, executable] = start('-p', 'process.versions.node + "\\n" + process.execPath').stdout.trim().split('\n');
    const expected = unsupported(exact).replace(process.execPath, executable);
    assert.notEqual(expected, '');
    for (const args of [[], ['doctor'], ['--help'], ['swap', '.']]) {
      const { status, stdout, stderr } = start('bin/owt-grpc.js', ...args);
      assert.deepEqual([status, stdout, stderr], [1, '', `${expected}\n`]);
    }
    for (const entry of ENTRIES) {
      const { stdout, stderr } = start('-e', `try { require('./${entry}'); } catch (error) { console.log(error.message); }`);
      assert.deepEqual([stdout, stderr], [`${expected}\n`, ''], entry);
    }
  });
}

test('what package.json hands to others is what says so', () => {
  const { bin, exports: entries } = require('../../package.json');
  const handed = [entries['.'].require.default, entries['./grpcTools'].default, entries['./amqpClient'].default];
  assert.deepEqual(handed.sort(), ENTRIES.map((entry) => `./${entry}`).sort());
  assert.equal(bin['owt-grpc'], 'bin/owt-grpc.js');
});
