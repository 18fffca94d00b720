'use strict';

// A swap or an undo that ends anywhere: the next run completes it or undoes it.

const assert = require('node:assert').strict;
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { swap, undo } = require('../../lib/cli/swap');
const { tryLock } = require('../../lib/common/files/lock');
const { withFailingDisk } = require('../support/cli/failing-disk');
const { installation, preload, snapshot } = require('../support/cli/owt-tree');
const { command } = require('../support/cli/terminal');

const OPTIONS = { 'enable-grpc': true, 'grpc-host': 'manager:10080' };
const JOURNAL = ['.owt-grpc-swap'];
// A killed process loses nothing that it wrote; thousands of waits for the disk
// would show no more. The processes below do wait.
fs.fsyncSync = () => {};

/** Of no process: more than any system gives. */
const NOBODY = '999999999';

/** A tree in which every kind of file is changed, and what it is after a swap. */
function prepared(t) {
  const root = installation(t, ['audio_agent']);
  if (process.platform !== 'win32') {
    fs.chmodSync(path.join(root, 'audio_agent/package.json'), 0o640);
    fs.renameSync(path.join(root, 'audio_agent/amqpClient.js'), path.join(root, 'client.js'));
    fs.symlinkSync('../client.js', path.join(root, 'audio_agent/amqpClient.js'));
  }
  const original = snapshot(root);
  swap(root, OPTIONS);
  const swapped = snapshot(root, JOURNAL);
  undo(root, {});
  assert.deepEqual(snapshot(root), original);
  assert.notDeepEqual(swapped, original);
  return { root, original, swapped };
}

/** This process lives on; the one that was cut off would not. */
function forgetLock(root) {
  const folder = path.join(root, '.owt-grpc-swap');
  for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
    if (!name.startsWith('lock')) continue;
    const lock = path.join(folder, name);
    const owner = fs.readlinkSync(lock);
    fs.unlinkSync(lock);
    fs.symlinkSync(owner.replace(/^\d+/, NOBODY), lock);
  }
}

/** Cuts `action` off at each of its changes in turn, and calls `check` after each. */
function everywhere(root, begin, action, check) {
  for (let at = 1; ; at++) {
    begin();
    const ended = withFailingDisk(at, action);
    if (ended) return at - 1;
    forgetLock(root);
    check(`cut off at change ${at}`);
  }
}

test('a swap that is cut off at any change is completed by the next, and undone then', (t) => {
  const { root, original, swapped } = prepared(t);
  const points = everywhere(root, () => {}, () => swap(root, OPTIONS), (where) => {
    swap(root, OPTIONS);
    assert.deepEqual(snapshot(root, JOURNAL), swapped, where);
    undo(root, {});
    assert.deepEqual(snapshot(root), original, where);
  });
  t.diagnostic(`${points} points`);
  assert.ok(points > 50, `${points} points`);
});

test('a swap that is cut off at any change can be undone at once', (t) => {
  const { root, original } = prepared(t);
  everywhere(root, () => {}, () => swap(root, OPTIONS), (where) => {
    undo(root, {});
    assert.deepEqual(snapshot(root), original, where);
  });
});

test('an undo that is cut off at any change is completed by the next, or swapped again', (t) => {
  const { root, original, swapped } = prepared(t);
  const begin = () => swap(root, OPTIONS);
  everywhere(root, begin, () => undo(root, {}), (where) => {
    undo(root, {});
    assert.deepEqual(snapshot(root), original, where);
  });
  undo(root, {});
  everywhere(root, begin, () => undo(root, {}), (where) => {
    swap(root, OPTIONS);
    assert.deepEqual(snapshot(root, JOURNAL), swapped, where);
  });
  undo(root, {});
  assert.deepEqual(snapshot(root), original);
});

test('a second swap with more options that is cut off at any change is undone to the first original', (t) => {
  const { root, original } = prepared(t);
  everywhere(root, () => swap(root, { amqp: true, 'enable-grpc': true }), () => swap(root, OPTIONS), (where) => {
    undo(root, {});
    assert.deepEqual(snapshot(root), original, where);
  });
});

test('a process that is killed at a change leaves what the next run completes or undoes', { skip: process.platform === 'win32' && 'needs SIGKILL', timeout: 120_000 }, (t) => {
  const { root, original, swapped } = prepared(t);
  const disk = require.resolve('../support/cli/failing-disk');
  const run = (at, ...args) => spawnSync(process.execPath, [...preload, '--require', disk, command, 'swap', root, ...args], { env: { ...process.env, OWT_TEST_KILL_AT: at }, encoding: 'utf8' });
  const args = ['--enable-grpc', '--grpc-host', 'manager:10080'];
  for (const at of [1, 3, 10, 25, 40, 51].map(String)) {
    const killed = run(at, ...args);
    assert.equal(killed.signal, 'SIGKILL', `${at} ${killed.stdout}${killed.stderr}`);
    if (Number(at) % 2 === 1) {
      const { status, stdout } = run('', ...args);
      assert.equal(status, 0, at);
      assert.match(stdout, /Swapped/);
      assert.deepEqual(snapshot(root, JOURNAL), swapped, at);
    }
    assert.equal(run('', '--undo').status, 0, at);
    assert.deepEqual(snapshot(root), original, at);
  }
});

test('a process that is killed at any time leaves what can be undone', { skip: process.platform === 'win32' && 'needs SIGKILL', timeout: 120_000 }, async (t) => {
  const { root, original } = prepared(t);
  for (let round = 0; round < 10; round++) {
    const child = spawn(process.execPath, [...preload, command, 'swap', root, '--enable-grpc'], { stdio: 'ignore' });
    // From before the first change to after the last one, as it happens.
    const watcher = fs.watch(root, { recursive: false }, () => setTimeout(() => child.kill('SIGKILL'), Math.random() * 8));
    await once(child, 'close');
    watcher.close();
    undo(root, {});
    assert.deepEqual(snapshot(root), original, `round ${round}`);
  }
});

test('two runs at once are told apart, and the lock of a dead one is no hindrance', (t) => {
  const { root, swapped } = prepared(t);
  const folder = path.join(root, '.owt-grpc-swap');
  fs.mkdirSync(folder);
  tryLock(path.join(folder, 'lock'));
  assert.throws(() => swap(root, OPTIONS), /another run is at work/);
  forgetLock(root);
  swap(root, OPTIONS);
  assert.deepEqual(snapshot(root, JOURNAL), swapped);
});

test('a damaged journal or original is told, and nothing is changed', (t) => {
  const { root } = prepared(t);
  swap(root, OPTIONS);
  const folder = path.join(root, '.owt-grpc-swap');
  const journal = path.join(folder, 'journal.json');
  const { entries } = JSON.parse(fs.readFileSync(journal, 'utf8'));
  const copy = path.join(folder, entries.find((entry) => entry.copy !== null).copy);
  const original = fs.readFileSync(copy);
  const before = snapshot(root, JOURNAL);
  fs.writeFileSync(copy, 'something else');
  assert.throws(() => undo(root, {}), /is damaged: nothing was changed/);
  fs.rmSync(copy);
  assert.throws(() => undo(root, {}), /is missing: nothing was changed/);
  fs.writeFileSync(copy, original);
  for (const [text, expected] of [['{', /is damaged/], ['{"version":2,"entries":[]}', /newer owt-grpc/], ['{"version":1,"entries":[{"file":"x","copy":"../y"}]}', /is damaged/]]) {
    fs.writeFileSync(journal, text);
    assert.throws(() => undo(root, {}), expected);
    assert.throws(() => swap(root, OPTIONS), expected);
  }
  assert.deepEqual(snapshot(root, JOURNAL), before);
});
