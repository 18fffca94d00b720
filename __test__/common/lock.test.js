'use strict';

const assert = require('node:assert').strict;
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { tryLock } = require('../../lib/common/files/lock');
const { updateStore } = require('../../lib/credentials/store');

const library = path.join(__dirname, '../../lib/common/files/lock.js');
const posix = { skip: process.platform === 'win32' && 'locks are symbolic links elsewhere only' };

/** @param {import('node:test').TestContext} t */
function folderFor(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-lock-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A process takes a lock and ends. */
const leave = (file) => execFileSync(process.execPath, ['-e', 'require(process.argv[1]).tryLock(process.argv[2])', library, file]);

test('a lock has one owner at a time, and can be had again when it is given back', (t) => {
  const file = path.join(folderFor(t), 'lock');
  const release = tryLock(file);
  assert.equal(tryLock(file), null);
  release();
  tryLock(file)();
  assert.deepEqual(fs.readdirSync(path.dirname(file)), []);
});

test('what a process that ended has left is taken away, by one alone', posix, (t) => {
  const file = path.join(folderFor(t), 'lock');
  leave(file);
  assert.equal(typeof tryLock(file), 'function');
  assert.equal(tryLock(file), null);
  assert.deepEqual(fs.readdirSync(path.dirname(file)), ['lock']);
});

test('while another takes it away it is left to that one', posix, (t) => {
  const file = path.join(folderFor(t), 'lock');
  leave(file);
  const release = tryLock(`${file}.stale`);
  assert.equal(tryLock(file), null);
  release();
  assert.equal(typeof tryLock(file), 'function');
});

test('a process that is killed while it takes one away is in nobody\'s way', posix, (t) => {
  const file = path.join(folderFor(t), 'lock');
  for (const name of [file, `${file}.stale`]) leave(name);
  tryLock(file)();
  assert.deepEqual(fs.readdirSync(path.dirname(file)), []);
});

test('a lock of another machine, or of no known owner, is never taken away, and the store says what to remove', posix, async (t) => {
  const folder = folderFor(t);
  const store = path.join(folder, '.owt.authstore');
  for (const owner of ['999999999@elsewhere', '0@', '@', 'x']) {
    fs.symlinkSync(owner, `${store}.lock`);
    await assert.rejects(updateStore(store, { a: 1 }, { waitMs: 0 }), (error) => error.code === 'BUSY' && error.message.includes(`remove ${store}.lock`));
    assert.equal(fs.readlinkSync(`${store}.lock`), owner);
    fs.unlinkSync(`${store}.lock`);
  }
  await updateStore(store, { a: 1 }, { waitMs: 0 });
});
