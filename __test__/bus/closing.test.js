'use strict';

// How a member ends: handlers that are at work end first.

const assert = require('node:assert').strict;
const { performance } = require('node:perf_hooks');
const { test } = require('node:test');
const { promisify } = require('node:util');
const { connectBus } = require('../..');
const { Member } = require('../support/bus/member');
const { Load } = require('../support/bus/load');
const { called, cluster, connected, eventually, freePort, rpcClient, rpcServer } = require('../support/bus');

const pause = promisify(setTimeout);

/** A handler that is at work until it is told to end. */
function held() {
  const work = { begun: 0, end: () => {} };
  const until = new Promise((resolve) => (work.end = resolve));
  work.method = async (value) => {
    work.begun++;
    await until;
    return value;
  };
  return work;
}

async function buses(t, count) {
  const registry = `127.0.0.1:${await freePort()}`;
  const all = [];
  for (let n = 0; n < count; n++) all.push(await connectBus({ registry }));
  t.after(() => Promise.all(all.map((bus) => bus.close({ graceMs: 0 }))));
  return { all, registry };
}

/** Calls an id until it is stopped; gives how each call ended. */
function calls(bus, id, every) {
  const ends = [];
  const timer = setInterval(() => {
    ends.push(bus.call(id, 'join', [ends.length], { timeout: 5000 }).then(() => 'answered', (error) => error.message));
  }, every);
  return async () => {
    clearInterval(timer);
    return Promise.all(ends);
  };
}

test('close() and stop() wait for the handlers at work, whose callers are answered', { timeout: 20_000 }, async (t) => {
  const { all: [client, stopped, closed] } = await buses(t, 3);
  const ended = [];
  for (const [id, bus] of [['stopped', stopped], ['closed', closed]]) {
    const work = held();
    const service = await bus.serve(id, { work: work.method });
    const call = client.call(id, 'work', [id]);
    await eventually(() => work.begun === 1, 'the handler is at work');
    const end = (bus === stopped ? service.stop() : bus.close()).then(() => ended.push(id));
    await eventually(async () => (await client.status()).members.every(({ ids }) => !ids.includes(id)), 'nobody is sent there any more');
    assert.deepEqual(ended, []);
    work.end();
    assert.equal(await call, id);
    await end;
    assert.deepEqual(ended.splice(0), [id]);
  }
  await stopped.serve('stopped', { again: () => 'again' });
  assert.equal(await client.call('stopped', 'again'), 'again');
});

test('a handler that does not end is waited for as long as graceMs says', { timeout: 20_000 }, async (t) => {
  const { all: [client, server, other] } = await buses(t, 3);
  const work = held();
  const service = await server.serve('x', { work: work.method });
  await other.serve('y', { work: work.method });
  const fails = (id) => client.call(id, 'work').then(() => 'answered', ({ code }) => code);
  const ends = [fails('x'), fails('y')];
  await eventually(() => work.begun === 2, 'both are at work');
  await service.stop({ graceMs: 20 });
  await server.close({ graceMs: 20 });
  await other.close({ graceMs: 0 });
  assert.deepEqual(await Promise.all(ends), ['PEER_LOST', 'PEER_LOST']);
  for (const options of [{ graceMs: -1 }, { graceMs: '1' }, { grace: 1 }, 5]) {
    await assert.rejects(client.close(options), TypeError);
    await assert.rejects(service.stop(options), TypeError);
  }
  assert.equal((await client.status()).members.length, 0, 'what was refused has not begun');
});

test('handlers at work when their bus is closed may call, and begin nothing that lasts', { timeout: 20_000 }, async (t) => {
  const { all: [client, server, other] } = await buses(t, 3);
  await other.serve('rooms', { name: () => 'room1' });
  const begun = held();
  await server.serve('users', {
    async join() {
      await begun.method();
      const refused = await server.serve('more', {}).then(() => 'served', ({ code }) => code);
      return [await server.call('rooms', 'name'), refused];
    },
  });
  const call = client.call('users', 'join');
  await eventually(() => begun.begun === 1, 'it is at work');
  const closed = server.close();
  begun.end();
  assert.deepEqual(await call, ['room1', 'CLOSED']);
  await closed;
  await assert.rejects(server.call('rooms', 'name'), { code: 'CLOSED' });
});

test('a rolling restart of two servers of an id fails no call', { timeout: 60_000 }, async (t) => {
  const { all: [client], registry } = await buses(t, 1);
  const serve = async () => {
    const bus = await connectBus({ registry });
    await bus.serve('rooms', { join: (value) => pause(60).then(() => value) });
    return bus;
  };
  let servers = [await serve(), await serve()];
  const stop = calls(client, 'rooms', 5);
  for (let round = 0; round < 2; round++) {
    for (const old of servers) {
      await pause(100);
      await old.close();
    }
    servers = [await serve(), await serve()];
  }
  const ends = await stop();
  await Promise.all(servers.map((bus) => bus.close()));
  assert.ok(ends.length > 20);
  assert.deepEqual([...new Set(ends)], ['answered']);
});

test("OWT's SIGTERM path, disconnect() and then the end of the process, fails no call while another serves the id", { timeout: 60_000 }, async (t) => {
  const port = await freePort();
  const client = require('../../lib/dropin/amqpClient')();
  t.after(() => client.disconnect());
  await connected(client, { host: '127.0.0.1', port });
  let servers = [await Member.start(t, port, 'rooms'), await Member.start(t, port, 'rooms')];
  const load = new Load(await rpcClient(client), 'rooms', { method: 'slowly', inFlight: 8, timeout: 5000 });
  for (let round = 0; round < 2; round++) {
    const next = [];
    for (const old of servers) {
      next.push(await Member.start(t, port, 'rooms'));
      await old.tell('leave');
      await old.kill();
    }
    servers = next;
  }
  const { replied, started, failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.deepEqual([replied, started > 20], [started, true]);
});

test('disconnect() takes less than a second whatever its handlers do and whether or not anybody answers', { timeout: 30_000 }, async (t) => {
  const { join } = await cluster(t);
  const host = await join();
  const server = await join();
  await rpcServer(server, 'silent', { work() {} });
  const client = await rpcClient(host);
  const ends = [];
  client.remoteCall('silent', 'work', [], { callback: (...got) => ends.push(got) }, 30_000);
  await eventually(async () => (await server.connection.status()).requests.inFlight === 1, 'it is at work');
  let start = performance.now();
  await server.disconnect();
  assert.ok(performance.now() - start < 3000); // below 1 s, and room for a busy machine
  await eventually(() => ends.length === 1, 'the caller is told');
  // Nobody answers: the registry's process is stopped.
  const port = await freePort();
  const stopped = await Member.start(t, port, 'host');
  const guest = require('../../lib/dropin/amqpClient')();
  t.after(() => guest.disconnect());
  await connected(guest, { host: '127.0.0.1', port });
  await rpcServer(guest, 'guest', { work() {} });
  const rpc = await rpcClient(guest);
  rpc.remoteCall('guest', 'work', [], {}, 30_000);
  assert.deepEqual(await called(rpc, 'host', 'ping', []), ['host', undefined]);
  stopped.child.kill('SIGSTOP');
  start = performance.now();
  await guest.disconnect();
  assert.ok(performance.now() - start < 3000); // below 1 s, and room for a busy machine
  stopped.child.kill('SIGCONT');
});
