'use strict';

// 200 members join an etcd cluster at once, all of them leave again.
// `npm run test:etcd`

const assert = require('node:assert').strict;
const { performance } = require('node:perf_hooks');
const { test } = require('node:test');
const { connectBus } = require('../..');
const { eventually } = require('../support/bus');
const { Etcd } = require('../support/etcd');

const MEMBERS = 200;

test(`${MEMBERS} members join at once and serve an id each, all know each other, and all hear a broadcast once`, async (t) => {
  const etcd = await Etcd.start();
  t.after(() => etcd.stop());
  const registry = etcd.url('/many');
  const names = Array.from({ length: MEMBERS }, (_, n) => `m${n}`);
  const start = performance.now();
  const took = () => `${Math.round(performance.now() - start)} ms`;
  const buses = await Promise.all(names.map(() => connectBus({ registry })));
  t.after(() => Promise.all(buses.map((bus) => bus.close())));
  t.diagnostic(`joined within ${took()}`);
  await Promise.all(buses.map((bus, n) => bus.serve(names[n], { ping: () => names[n] })));
  t.diagnostic(`all ids are served after ${took()}`);
  for (const [n, bus] of buses.entries()) {
    const expected = names.filter((name) => name !== names[n]).sort();
    await eventually(async () => {
      const ids = (await bus.status()).members.flatMap((member) => member.ids).sort();
      return ids.length === expected.length;
    }, `${names[n]} knows everybody`);
  }
  t.diagnostic(`everybody knows everybody after ${took()}`);
  const heard = await Promise.all(buses.slice(1).map(async (bus) => {
    const subscription = bus.subscribe('group', ['all']);
    await subscription.ready;
    return subscription;
  }));
  t.diagnostic(`all have subscribed after ${took()}`);
  buses[0].publish('group', 'all', 'here');
  buses[0].publish('group', 'all', 'end');
  for (const subscription of heard) {
    assert.equal((await subscription.next()).value.data, 'here');
    assert.equal((await subscription.next()).value.data, 'end');
  }
  assert.deepEqual(await Promise.all(names.slice(1).map((name) => buses[0].call(name, 'ping'))), names.slice(1));
});
