'use strict';

// Many members at once, and one that comes and goes many times.

const assert = require('node:assert').strict;
const { getEventListeners } = require('node:events');
const fs = require('node:fs');
const { performance } = require('node:perf_hooks');
const { test } = require('node:test');
const v8 = require('node:v8');
const vm = require('node:vm');
const { connectBus } = require('../..');
const { called, cluster, eventually, freePort, participant, rpcClient, rpcServer, subscribed } = require('../support/bus');
const { Member } = require('../support/bus/member');
const { rounds } = require('../support/rounds');
const { AbortController } = require('../support/grpc/signals');

const MIB = 1 << 20;
const PROCESSES = rounds(100, 40);

/** On Node.js 14 a signal is our own, and no EventTarget. */
const listenersOf = (signal) => signal.listeners?.size ?? getEventListeners(signal, 'abort').length;

/** What this process holds, by name, without what the collector would take. */
function held() {
  v8.setFlagsFromString('--expose-gc');
  vm.runInNewContext('gc')();
  const resources = {};
  // eslint-disable-next-line n/no-unsupported-features/node-builtins -- Node.js 14 has no list of them
  for (const name of process.getActiveResourcesInfo?.() ?? []) resources[name] = (resources[name] ?? 0) + 1;
  return {
    resources,
    listeners: Object.fromEntries(process.eventNames().map((name) => [name, process.listenerCount(name)])),
    descriptors: process.platform === 'linux' ? fs.readdirSync('/proc/self/fd').length : 0,
    memory: process.memoryUsage.rss(),
  };
}

test('200 times connecting and disconnecting leave nothing behind: memory, handles, listeners, descriptors', async (t) => {
  const { options, join } = await cluster(t);
  const stays = await join();
  await rpcServer(stays, 'stays', { ping: (reply) => reply('callback', 'pong') });
  const { signal } = new AbortController();
  const comeAndGo = async () => {
    const guest = await join();
    await rpcServer(guest, 'guest', { ping: (reply) => reply('callback', 'guest') });
    await subscribed(await participant(guest, 'group'), ['#'], () => {});
    assert.deepEqual(await called(await rpcClient(guest), 'stays', 'ping', []), ['pong', undefined]);
    assert.deepEqual(await called(await rpcClient(stays), 'guest', 'ping', []), ['guest', undefined]);
    await guest.disconnect();
    const bus = await connectBus({ registry: `127.0.0.1:${options.port}`, signal });
    assert.equal(await bus.call('stays', 'ping', [], { signal }), 'pong');
    await bus.close();
  };
  for (let n = 0; n < 50; n++) await comeAndGo();
  const before = held();
  for (let n = 0; n < 200; n++) await comeAndGo();
  await eventually(async () => (await stays.connection.status()).members.length === 0, 'they are forgotten');
  // The other side's end of a socket closes a moment later.
  await eventually(() => held().descriptors <= before.descriptors, 'descriptors are closed');
  const isNoMore = ({ resources }) => Object.entries(resources).every(([name, count]) => count <= (before.resources[name] ?? 0));
  await eventually(() => isNoMore(held()), 'handles and timers are gone');
  const after = held();
  assert.deepEqual(after.listeners, before.listeners);
  assert.equal(listenersOf(signal), 0);
  const grown = (after.memory - before.memory) / MIB;
  t.diagnostic(`memory grew by ${grown.toFixed(1)} MiB`);
  assert.ok(grown < 40, `${grown} MiB more`);
});

test(`${PROCESSES} processes join at one signal, all know each other, and all hear a broadcast once`, async (t) => {
  const port = await freePort();
  const names = Array.from({ length: PROCESSES }, (_, n) => `m${n}`);
  const members = [];
  // Not all at once: what counts here is that they join at once.
  for (let n = 0; n < names.length; n += 10) {
    members.push(...(await Promise.all(names.slice(n, n + 10).map((name) => Member.spawn(t, port, name)))));
  }
  const start = performance.now();
  await Promise.all(members.map((member) => member.tell('join')));
  t.diagnostic(`${PROCESSES} processes joined within ${Math.round(performance.now() - start)} ms`);
  const bus = await connectBus({ registry: `127.0.0.1:${port}` });
  t.after(() => bus.close());
  bus.publish('group', 'all.here', 1);
  assert.deepEqual(await Promise.all(names.map((name) => bus.call(name, 'ping'))), names);
  for (const member of members) {
    const { members: others } = await member.tell('status');
    const known = others.flatMap(({ ids }) => ids).sort();
    assert.deepEqual(known, names.filter((name) => name !== member.id).sort());
    await eventually(async () => (await member.tell('heard')).other.length > 0, `${member.id} hears`);
  }
  for (const member of members) assert.deepEqual((await member.tell('heard')).other, [1]);
});
