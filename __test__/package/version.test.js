'use strict';

// What a release has to say the same in several places.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { version } = require('../../package.json');

const root = path.join(__dirname, '../..');
const read = (...file) => fs.readFileSync(path.join(root, ...file), 'utf8');

test('the version is the same wherever it is said', () => {
  const lock = JSON.parse(read('package-lock.json'));
  assert.deepEqual([lock.version, lock.packages[''].version], [version, version]);
  for (const file of ['Cargo.toml', 'Cargo.lock']) assert.match(read(file), new RegExp(`^name = "owt-grpc"\nversion = "${version}"$`, 'm'), file);
  for (const page of ['README.md', 'docs/migrating-from-rabbitmq.md']) {
    const said = new Set(read(page).match(/(?<=owt-grpc-(?:[a-z0-9-]+-)?)\d+\.\d+\.\d+(?=\.tgz)/g));
    assert.deepEqual([...said], [version], page);
  }
  assert.match(read('CHANGELOG.md'), new RegExp(`^## ${version}\\b`, 'm'));
});

/** Every text that is packed and that people read or a program prints. */
function shipped() {
  const { files } = require('../../package.json');
  const below = (name) => {
    const file = path.join(root, name);
    if (!fs.statSync(file).isDirectory()) return [name];
    return fs.readdirSync(file).flatMap((one) => below(path.join(name, one)));
  };
  return [...files, 'README.md'].flatMap(below).filter((name) => /\.(js|mjs|ts|mts|md)$/.test(name) && !name.startsWith(path.join('lib', 'codec')));
}

test('nothing that is packed tells anybody to fetch a package by a name that is not published', () => {
  const names = shipped();
  assert.ok(names.length > 100);
  for (const name of names) {
    // lib/crossing/addon.js names one that was published with it: by-name.js holds that.
    for (const [command] of read(name).matchAll(/npm (?:i|install|add|exec) [^`"'\n]*owt-grpc(?![\w./$-]*\.tgz)[^`"'\n]*/g)) assert.fail(`${name}: ${command}`);
  }
});
