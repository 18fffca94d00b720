'use strict';

// Real processes that are killed, stopped, blocked and cut off.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { test } = require('node:test');
const { connectBus } = require('../..');
const { eventually, freePort } = require('../support/bus');

const SCRIPT = path.join(__dirname, '../support/bus-process.js');

class Member {
  static async start(t, port, id) {
    const member = new Member();
    member.id = id;
    member.child = spawn(process.execPath, [SCRIPT, JSON.stringify({ host: '127.0.0.1', port }), id], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => member.child.kill('SIGKILL'));
    member.lines = createInterface({ input: member.child.stdout })[Symbol.asyncIterator]();
    assert.equal(await member.line(), 'ready');
    return member;
  }

  async line() {
    const { value } = await this.lines.next();
    return value === undefined ? undefined : JSON.parse(value);
  }

  tell(command, value) {
    this.child.stdin.write(`${JSON.stringify({ command, value })}\n`);
    return this.line();
  }

  async kill() {
    this.child.kill('SIGKILL');
    await once(this.child, 'close');
  }
}

/** Calls without pause until it is stopped; gives what failed and the longest call. */
function load(bus, id) {
  let isOn = true;
  const failures = [];
  let longest = 0;
  let count = 0;
  const running = (async () => {
    while (isOn) {
      const start = performance.now();
      await bus.call(id, 'ping', [], { timeout: 5000 }).catch((error) => failures.push(error));
      longest = Math.max(longest, performance.now() - start);
      count++;
      await new Promise(setImmediate);
    }
  })();
  return {
    async stop() {
      isOn = false;
      await running;
      return { failures, longest, count };
    },
  };
}

test('when the host of the registry is killed, members that know each other go on, and another takes over', async (t) => {
  const port = await freePort();
  const host = await Member.start(t, port, 'host');
  await Member.start(t, port, 'worker');
  const bus = await connectBus({ registry: `127.0.0.1:${port}` });
  t.after(() => bus.close());
  const before = (await bus.status()).registry.epoch;
  const calls = load(bus, 'worker');
  await new Promise((resolve) => setTimeout(resolve, 100));
  const start = performance.now();
  await host.kill();
  const late = Member.start(t, port, 'late');
  assert.equal(await bus.call('late', 'ping', [], { timeout: 5000 }), 'late');
  const took = performance.now() - start;
  t.diagnostic(`a new id is served ${Math.round(took)} ms after the kill, its process's start included`);
  await late;
  const { failures, count } = await calls.stop();
  assert.deepEqual(failures, []);
  assert.ok(count > 100, `${count} calls`);
  assert.notEqual((await bus.status()).registry.epoch, before);
  await eventually(async () => (await bus.status()).members.length === 2, 'the dead one is forgotten');
});

test('calls go to the server that is left when one of two is killed', async (t) => {
  const port = await freePort();
  const bus = await connectBus({ registry: `127.0.0.1:${port}` });
  t.after(() => bus.close());
  const [one] = [await Member.start(t, port, 'shared'), await Member.start(t, port, 'shared')];
  const pids = new Set();
  for (let n = 0; n < 4; n++) pids.add(await bus.call('shared', 'who'));
  assert.equal(pids.size, 2);
  await one.kill();
  const ends = await Promise.allSettled(Array.from({ length: 20 }, () => bus.call('shared', 'who', [], { timeout: 5000 })));
  const failed = ends.filter(({ status }) => status === 'rejected');
  assert.ok(failed.length <= 10 && failed.every(({ reason }) => reason.code === 'PEER_LOST'), String(failed[0]?.reason));
  for (let n = 0; n < 10; n++) assert.notEqual(await bus.call('shared', 'who', [], { timeout: 5000 }), one.child.pid);
});

test('a member whose JS is blocked stays registered and connected', async (t) => {
  const port = await freePort();
  const bus = await connectBus({ registry: `127.0.0.1:${port}` });
  t.after(() => bus.close());
  const busy = await Member.start(t, port, 'busy');
  await bus.call('busy', 'ping');
  assert.equal(await busy.tell('block', 8000), 'block begins');
  // Longer than keepalive, lease and greeting together allow for silence.
  const start = performance.now();
  const call = bus.call('busy', 'ping', [], { timeout: 20_000 });
  await assert.rejects(bus.call('busy', 'ping', [], { timeout: 200 }), { code: 'TIMEOUT' });
  assert.equal(await call, 'busy');
  assert.ok(performance.now() - start > 7000);
  assert.equal((await bus.status()).members.length, 1);
});

test('a member that is stopped is given up, and is back when it goes on', async (t) => {
  const port = await freePort();
  const bus = await connectBus({ registry: `127.0.0.1:${port}` });
  t.after(() => bus.close());
  const member = await Member.start(t, port, 'stopped');
  await bus.call('stopped', 'ping');
  member.child.kill('SIGSTOP');
  await assert.rejects(bus.call('stopped', 'ping', [], { timeout: 30_000 }), { code: 'PEER_LOST' });
  member.child.kill('SIGCONT');
  assert.equal(await bus.call('stopped', 'ping', [], { timeout: 10_000 }), 'stopped');
});

/** A proxy to a port, which can be cut off. */
async function proxy(t, target) {
  const sockets = new Set();
  let isCut = false;
  const server = net.createServer((socket) => {
    if (isCut) return socket.destroy();
    const other = net.connect(target, '127.0.0.1');
    for (const end of [socket, other]) {
      sockets.add(end);
      end.on('error', () => {}).on('close', () => sockets.delete(end));
    }
    socket.pipe(other).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  t.after(() => {
    cut();
    server.close();
  });
  return { port: server.address().port, cut, heal: () => (isCut = false) };
}

test('a link that is cut for a while is whole again by itself', async (t) => {
  const port = await freePort();
  // The member is reached by the proxy alone.
  const hidden = await freePort();
  const far = await proxy(t, hidden);
  process.env.OWT_GRPC_ADVERTISE = `127.0.0.1:${hidden}`;
  const member = await connectBus({ registry: `127.0.0.1:${port}` }).finally(() => delete process.env.OWT_GRPC_ADVERTISE);
  t.after(() => member.close());
  await member.serve('far', { ping: () => 'pong' });
  const bus = await connectBus({ registry: `127.0.0.1:${port}` });
  t.after(() => bus.close());
  assert.equal(await bus.call('far', 'ping'), 'pong');
  far.cut();
  far.heal();
  assert.equal(await bus.call('far', 'ping'), 'pong');
});

test('200 times joining and leaving leave nothing behind', async (t) => {
  const port = await freePort();
  const bus = await connectBus({ registry: `127.0.0.1:${port}` });
  t.after(() => bus.close());
  await bus.serve('stays', { ping: () => 'pong' });
  const once200 = async () => {
    const guest = await connectBus({ registry: `127.0.0.1:${port}` });
    assert.equal(await guest.call('stays', 'ping'), 'pong');
    await guest.close();
  };
  for (let n = 0; n < 20; n++) await once200();
  const descriptors = () => require('node:fs').readdirSync('/proc/self/fd').length;
  const settled = process.platform === 'linux' ? descriptors() : 0;
  for (let n = 0; n < 200; n++) await once200();
  assert.deepEqual((await bus.status()).members, []);
  if (process.platform === 'linux') await eventually(() => descriptors() <= settled + 3, 'descriptors are closed');
});

test('thirty processes join within a moment and all hear a broadcast once', async (t) => {
  const port = await freePort();
  const start = performance.now();
  const members = await Promise.all(Array.from({ length: 30 }, (_, n) => Member.start(t, port, `m${n}`)));
  t.diagnostic(`30 processes joined in ${Math.round(performance.now() - start)} ms, their start included`);
  const bus = await connectBus({ registry: `127.0.0.1:${port}` });
  t.after(() => bus.close());
  bus.publish('group', 'all.here', 1);
  for (const { id } of members) {
    await eventually(async () => (await bus.call(id, 'messages')).length > 0, `${id} heard`);
    assert.deepEqual(await bus.call(id, 'messages'), [1]);
  }
});
