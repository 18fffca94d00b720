'use strict';

const assert = require('node:assert').strict;
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { addon, libcOf, platformPackage, target } = require('../../lib/crossing/platform');

const root = path.join(__dirname, '../..');
const npm = (name) => JSON.parse(fs.readFileSync(path.join(root, 'npm', name, 'package.json'), 'utf8'));
const platforms = fs.readdirSync(path.join(root, 'npm'));

test('a missing addon is an error that says what was tried and how to build it', () => {
  const script = `
    const real = require('./lib/crossing/platform.js');
    require.cache[require.resolve('./lib/crossing/platform.js')].exports = { ...real, addon: () => 'no-such.node', platformPackage: () => 'no-such-package' };
    try { require('owt-grpc').createClient('webrtc', 'localhost:1'); } catch (error) { console.log(error.message); }`;
  const message = execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' });
  assert.ok(message.startsWith(`owt-grpc has no working native addon for ${target().name} (${process.platform} ${process.arch}`), message);
  assert.match(message, /Tried .*no-such\.node: no such file; no-such-package: not installed\. Build it with "npm run setup".*Rust/);
});

test('the C library is that of the process', () => {
  const glibc = '7f00-7f01 r-xp 00000000 00:01 7 /usr/lib/x86_64-linux-gnu/libc.so.6\n';
  assert.equal(libcOf(() => glibc), 'glibc');
  assert.equal(libcOf(() => glibc.replace('libc.so.6', 'libc-2.28.so')), 'glibc');
  assert.equal(libcOf(() => '7f00-7f01 r-xp 00000000 00:01 7 /lib/ld-musl-x86_64.so.1\n'), 'musl');
});

test('the C library is found without /proc', { skip: process.platform !== 'linux' }, () => {
  const fails = () => {
    throw new Error('no /proc');
  };
  assert.equal(libcOf(fails), target().libc);
});

for (const name of platforms) {
  test(`the package for ${name} is what the loader looks for, and npm installs it there only`, () => {
    const { os: [os], cpu: [cpu], libc: [libc] = [], ...description } = npm(name);
    const suffix = { glibc: '-gnu', musl: '-musl' }[libc] ?? (os === 'win32' ? '-msvc' : '');
    assert.equal(name, `${os}-${cpu}${suffix}`);
    assert.equal(description.name, platformPackage(name));
    assert.equal(description.main, addon(name));
    assert.deepEqual(description.files, [addon(name), 'THIRD-PARTY-LICENSES.txt']);
    assert.equal(description.scripts, undefined);
  });
}

test('the repository asks npm for no package that only a release publishes, and is not published as it is', () => {
  const description = require('../../package.json');
  assert.equal(description.private, true);
  assert.equal(description.optionalDependencies, undefined);
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) assert.equal(description.scripts[name], undefined);
});
