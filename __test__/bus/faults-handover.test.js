'use strict';

// An id that goes from process to process while it is called, as the cluster
// managers' leader does, or because its process is started again.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { cluster, eventually, freePort, rpcClient } = require('../support/bus');
const { Load } = require('../support/bus/load');
const { Member } = require('../support/bus/member');

/** Calls that end with the test. */
function load(t, rpc, to, options) {
  const calls = new Load(rpc, to, { inFlight: 8, every: 1, ...options });
  t.after(() => calls.stop());
  return calls;
}

/** Three processes and somebody who calls the id `leader`, which none of them serves yet. */
async function candidates(t) {
  const { options, join } = await cluster(t);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const record = path.join(folder, 'carried-out');
  const rpc = await rpcClient(await join());
  const members = [];
  for (const id of ['one', 'two', 'three']) members.push(await Member.start(t, options.port, id, { CARRIED_OUT: record }));
  const carriedOut = () => fs.readFileSync(record, 'utf8').trim().split('\n').map(Number);
  const call = (timeout) => load(t, rpc, 'leader', { method: 'carryOut', timeout });
  return { members, carriedOut, call };
}

function moreReplies(calls) {
  const before = calls.replied;
  return eventually(() => calls.replied > before + 50, 'replies');
}

for (const [name, hand] of [
  ['the next one serves it before the former stops', async (from, to) => {
    await to.tell('serve', 'leader');
    await from.tell('unserve');
  }],
  ['the former stops before the next one serves it', async (from, to) => {
    await from.tell('unserve');
    await to.tell('serve', 'leader');
  }],
  ['both at once', (from, to) => Promise.all([from.tell('unserve'), to.tell('serve', 'leader')])],
]) {
  test(`when an id is handed over, no call fails and each is carried out once: ${name}`, async (t) => {
    const { members, carriedOut, call } = await candidates(t);
    await members[0].tell('serve', 'leader');
    const calls = call(10_000);
    for (let turn = 0; turn < 9; turn++) {
      await moreReplies(calls);
      await hand(members[turn % 3], members[(turn + 1) % 3]);
    }
    await moreReplies(calls);
    const { unsettled, started, replied, repeated, wrong, failures } = await calls.stop();
    assert.deepEqual([unsettled, repeated, wrong, failures], [0, 0, 0, []]);
    assert.equal(replied, started);
    const done = carriedOut().sort((a, b) => a - b);
    assert.deepEqual(done, Array.from({ length: started }, (_, n) => n));
  });
}

test('when who serves an id is killed, calls end once, none is carried out twice, and the next one is found', async (t) => {
  const { members, carriedOut, call } = await candidates(t);
  await members[0].tell('serve', 'leader');
  const calls = call(1500);
  for (let turn = 0; turn < 2; turn++) {
    await moreReplies(calls);
    await members[turn].kill();
    await members[turn + 1].tell('serve', 'leader');
  }
  await moreReplies(calls);
  const { unsettled, started, replied, repeated, wrong, failures } = await calls.stop();
  assert.deepEqual([unsettled, repeated, wrong, replied + failures.length], [0, 0, 0, started]);
  const done = carriedOut();
  assert.equal(new Set(done).size, done.length, 'carried out twice');
  assert.ok(done.length >= replied);
  // Those that were with the dead, and those that would not wait longer.
  for (const failure of failures) assert.match(failure, /^timeout$|: lost /);
});

test('a process that is started again on its fixed port is called at once, and the dead one does not get in its way', async (t) => {
  const { options, join } = await cluster(t);
  const client = await join();
  const rpc = await rpcClient(client);
  const env = { OWT_GRPC_ADVERTISE: `127.0.0.1:${await freePort()}` };
  const former = await Member.start(t, options.port, 'fixed', env);
  const calls = load(t, rpc, 'fixed', { timeout: 10_000 });
  await moreReplies(calls);
  await former.kill();
  await Member.start(t, options.port, 'fixed', env);
  const after = load(t, rpc, 'fixed', { timeout: 10_000 });
  // Until then the dead one is known by the same address.
  await eventually(async () => (await client.connection.status()).members.length === 1, 'the dead one is forgotten');
  await moreReplies(after);
  const { failures } = await after.stop();
  assert.deepEqual(failures.slice(0, 3), [], `${failures.length} calls failed`);
  const { unsettled, repeated, wrong } = await calls.stop();
  assert.deepEqual([unsettled, repeated, wrong], [0, 0, 0]);
});
