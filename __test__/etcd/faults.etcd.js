'use strict';

// etcd breaks while members call, cast and publish: they lose nothing, and who
// registers something is known again when etcd answers again. `npm run test:etcd`;
// ETCD_OUTAGE_MS is how long the whole of it is away.

const assert = require('node:assert').strict;
const { performance } = require('node:perf_hooks');
const { test } = require('node:test');
const { promisify } = require('node:util');
const { eventually } = require('../support/bus');
const { Etcd } = require('../support/etcd');
const { Group } = require('../support/etcd/group');
const { Proxy } = require('../support/net/proxy');

const pause = promisify(setTimeout);

const OUTAGE = Number(process.env.ETCD_OUTAGE_MS ?? 20_000);
/** What everything may take when etcd answers again, in ms. */
const CONVERGENCE = 2000;

/** A cluster of three and four members at work. */
async function atWork(t, members = 4) {
  const etcd = await Etcd.start();
  t.after(() => etcd.stop());
  const group = await Group.start(t, Array(members).fill(etcd.url('/owt')));
  return { etcd, group };
}

const round = (/** @type {number} */ ms) => `${Math.round(ms)} ms`;

test('the leader of etcd is killed: nothing is lost, and what is registered meanwhile is known when there is a leader again', async (t) => {
  const { etcd, group } = await atWork(t);
  const leader = await etcd.leader();
  const start = performance.now();
  await leader.kill();
  // Whoever asks may hear of it later than who registers it: the bound is below.
  const registered = group.register(0, 'new', 5000).then(() => performance.now() - start);
  await etcd.answers();
  const answered = performance.now() - start;
  const known = await registered;
  t.diagnostic(`etcd answers ${round(answered)} after its leader was killed, the new id is known after ${round(known)}`);
  assert.ok(known - answered < CONVERGENCE, `${known - answered} ms`);
  etcd.restart(leader);
  t.diagnostic(`${await group.lostNothing()} calls`);
});

test('one of etcd does not answer any more: its members go to the others', async (t) => {
  const { etcd, group } = await atWork(t);
  const leader = await etcd.leader();
  const other = etcd.servers.find((server) => server !== leader);
  other.child.kill('SIGSTOP');
  t.after(() => other.child?.kill('SIGCONT'));
  for (const n of group.workers.keys()) {
    // Who has not noticed yet hears of it when it has.
    t.diagnostic(`a new id is known after ${round(await group.register(n, `new${n}`, 5000))}`);
  }
  for (const worker of group.workers) {
    await eventually(async () => (await worker.status()).registry.connected, `${worker.id} has a session`);
  }
  t.diagnostic(`${await group.lostNothing()} calls`);
});

test('the majority of etcd is lost and comes back: what is registered meanwhile waits, and is known then', async (t) => {
  const { etcd, group } = await atWork(t);
  const killed = etcd.servers.slice(0, 2);
  await Promise.all(killed.map((server) => server.kill()));
  let known = 0;
  const registered = group.register(0, 'new', 10_000).then(() => (known = performance.now()));
  await pause(4000);
  assert.equal(known, 0, 'without a majority nothing is registered');
  for (const server of killed) etcd.restart(server);
  await etcd.answers();
  const answered = performance.now();
  await registered;
  t.diagnostic(`known ${round(known - answered)} after etcd answered`);
  assert.ok(known - answered < CONVERGENCE, `${known - answered} ms`);
  t.diagnostic(`${await group.lostNothing()} calls`);
});

test(`all of etcd is away for ${OUTAGE / 1000} s: calls between members that know each other lose nothing`, async (t) => {
  const { etcd, group } = await atWork(t);
  await Promise.all(etcd.servers.map((server) => server.kill()));
  const start = performance.now();
  const registered = [0, 1, 2, 3].map((n) => group.register(n, `new${n}`));
  await pause(OUTAGE);
  etcd.startAll();
  await etcd.answers();
  const answered = performance.now();
  await Promise.all(registered);
  const after = performance.now() - answered;
  t.diagnostic(`etcd was away for ${round(answered - start)}, four new ids are known ${round(after)} after it answered`);
  assert.ok(after < CONVERGENCE, `${after} ms`);
  t.diagnostic(`${await group.lostNothing()} calls`);
});

test('the lease of a member is lost: it is there again at once, and calls to it wait', async (t) => {
  const { etcd, group } = await atWork(t);
  for (const [key, lease] of await etcd.leases('/owt/owt/members/')) {
    await etcd.control(['lease', 'revoke', BigInt(lease).toString(16)]);
    const start = performance.now();
    await eventually(async () => (await etcd.leases(key)).has(key), `${key} is there again`);
    t.diagnostic(`there again after ${round(performance.now() - start)}`);
  }
  for (const worker of group.workers) {
    await eventually(async () => (await worker.status()).members.length === group.workers.length - 1, `${worker.id} knows everybody`);
  }
  t.diagnostic(`${await group.lostNothing()} calls`);
});

test('what has changed while a member had no watch is known to it, also if etcd has forgotten the changes', async (t) => {
  const etcd = await Etcd.start(1);
  t.after(() => etcd.stop());
  const proxy = await Proxy.start(t, '127.0.0.2', etcd.servers[0].client);
  const direct = etcd.url('/owt');
  const group = await Group.start(t, [direct, direct, `etcd://${proxy.address}/owt`]);
  proxy.cut();
  const cut = group.workers[2];
  await eventually(async () => !(await cut.status()).registry.connected, 'its session is lost');
  await group.register(0, 'new');
  const { header } = JSON.parse(await etcd.control(['get', 'x', '-w', 'json']));
  await etcd.control(['compaction', String(header.revision)]);
  assert.ok(!(await cut.status()).members.some(({ ids }) => ids.includes('new')), 'it does not know yet');
  proxy.heal();
  await eventually(async () => (await cut.status()).members.some(({ ids }) => ids.includes('new')), 'it knows');
  t.diagnostic(`${await group.lostNothing()} calls`);
});
