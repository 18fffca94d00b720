'use strict';

// What a handler knows of its call, what its caller is told of its error, and
// how a call that is given up ends on both sides.

const assert = require('node:assert').strict;
const { once } = require('node:events');
const { test } = require('node:test');
const { BusError, RpcError, connectBus, setLogger, setTracing, status } = require('../..');
const amqpClient = require('../../lib/dropin/amqpClient');
const { Member } = require('../support/bus/member');
const { called, connected, eventually, freePort, rpcClient, rpcServer } = require('../support/bus');
const { AbortController } = require('../support/grpc/signals');

const patience = { timeout: 30_000 };

async function buses(t, count) {
  const port = await freePort();
  const registry = `127.0.0.1:${port}`;
  const all = [];
  for (let n = 0; n < count; n++) all.push(await connectBus({ registry }));
  t.after(() => Promise.all(all.map((bus) => bus.close({ graceMs: 0 }))));
  return { all, port, registry };
}

/** Serves an id whose method is at work until it is told; gives the calls as they come. */
async function serveHeld(bus, id) {
  const came = [];
  const held = [];
  await bus.serve(id, { work: (...args) => new Promise((resolve) => held.push(resolve) && came.push(args[args.length - 1])) }, { withCall: true });
  return { came, end: () => held.splice(0).forEach((resolve) => resolve('done')) };
}

const aborted = async (signal) => {
  if (!signal.aborted) await once(signal, 'abort');
  return signal.reason;
};

test('a handler that asks for it is told who calls, until when, and in which trace', patience, async (t) => {
  const { all: [client, server] } = await buses(t, 2);
  const calls = [];
  const methods = { note: (...args) => void calls.push(args) };
  await server.serve('asks', methods, { withCall: true });
  await server.serve('does not', methods);
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  setTracing(true);
  t.after(() => setTracing(false));
  const { withTrace } = require('../..');
  const before = Date.now();
  await withTrace({ traceparent }, () => client.call('asks', 'note', [1], { timeout: 5000 }));
  setTracing(false);
  await server.call('asks', 'note', [2], { timeout: 5000 });
  client.cast('asks', 'note', [3]);
  await eventually(() => calls.length === 3, 'all have come');
  await client.call('does not', 'note', [4]);
  const [[first, call], [, own], [, cast], last] = calls;
  assert.equal(first, 1);
  assert.deepEqual([call.id, call.method, call.isCall, call.caller], ['asks', 'note', true, (await client.status()).member]);
  assert.ok(call.deadline > before + 4000 && call.deadline < Date.now() + 6000, `${call.deadline - before} ms`);
  assert.match(call.traceparent, /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
  assert.deepEqual([own.caller, own.traceparent], [(await server.status()).member, undefined]);
  assert.ok(own.deadline > before + 4000 && own.deadline < Date.now() + 6000);
  assert.deepEqual([cast.caller, cast.isCall, cast.deadline, cast.signal.aborted], [call.caller, false, Infinity, false]);
  assert.deepEqual(last, [4], 'others get their arguments and nothing else');
});

test("OWT's handlers keep their arguments, and their reply function knows the call", patience, async (t) => {
  const { all: [client], port } = await buses(t, 1);
  const owt = amqpClient();
  t.after(() => owt.disconnect());
  await connected(owt, { host: '127.0.0.1', port });
  let asked;
  await rpcServer(owt, 'node', {
    publish(...args) {
      assert.equal(args.length, 3);
      asked = args[2].request;
      args[2]('callback', args.slice(0, 2));
    },
  });
  assert.deepEqual(await client.call('node', 'publish', ['a', null], { timeout: 3000 }), ['a', null]);
  assert.deepEqual([asked.caller, asked.method, asked.isCall], [(await client.status()).member, 'publish', true]);
  // Date.now() leaves out the fraction of a millisecond that a deadline has.
  assert.ok(asked.deadline < Date.now() + 3001, `${asked.deadline - Date.now()} ms`);
});

test("a handler's signal fires when its caller gives up, runs out of time, is gone, or the member leaves", patience, async (t) => {
  const { all: [client, server, other], port, registry } = await buses(t, 3);
  const held = await serveHeld(server, 'x');
  const begin = async (caller, options) => {
    const count = held.came.length;
    const end = caller.call('x', 'work', [], options).then((value) => value, (error) => error);
    await eventually(() => held.came.length > count, 'it is at work');
    return { end, call: held.came[count] };
  };
  const givenUp = new AbortController();
  const { end, call } = await begin(client, { signal: givenUp.signal });
  const late = await begin(client, { timeout: 100 });
  const own = new AbortController();
  const mine = await begin(server, { signal: own.signal });
  const lost = await begin(other);
  const answered = await begin(client);
  assert.ok(held.came.every(({ signal }) => !signal.aborted));
  givenUp.abort();
  own.abort();
  assert.equal((await end).name, 'AbortError');
  for (const { signal } of [call, mine.call]) {
    const reason = await aborted(signal);
    assert.ok(reason instanceof BusError && reason.code === 'CANCELLED', reason);
    assert.match(reason.message, /^x\.work: given up by its caller$/);
  }
  assert.equal((await aborted(late.call.signal)).code, 'TIMEOUT');
  assert.equal((await late.end).code, 'TIMEOUT');
  await other.close();
  assert.equal((await aborted(lost.call.signal)).code, 'PEER_LOST');
  // Asked for when all is over it has fired already.
  held.end();
  assert.equal(await answered.end, 'done');
  assert.equal(answered.call.signal.aborted, false, 'nobody has given it up');
  const last = await begin(client);
  await server.close({ graceMs: 1 });
  assert.equal((await aborted(last.call.signal)).code, 'CLOSED');
  assert.equal((await last.end).code, 'PEER_LOST');
  // One whose process is killed is gone, too.
  const server2 = await connectBus({ registry });
  t.after(() => server2.close({ graceMs: 0 }));
  const again = await serveHeld(server2, 'y');
  const process = await Member.start(t, port, 'killed');
  await process.tell('load', { to: 'y', method: 'work', inFlight: 1, timeout: 30_000 });
  await eventually(() => again.came.length === 1, 'its call is at work');
  const { signal } = again.came[0];
  await process.kill();
  assert.equal((await aborted(signal)).code, 'PEER_LOST');
});

test('what is over is counted as what it was, and is not kept', patience, async (t) => {
  const { all: [client, server], port } = await buses(t, 2);
  const held = await serveHeld(server, 'x');
  const owt = amqpClient();
  t.after(() => owt.disconnect());
  await connected(owt, { host: '127.0.0.1', port });
  await rpcServer(owt, 'silent', { deinit() {} });
  // A first call waits for the link that it needs, for longer than those below do.
  await assert.rejects(client.call('silent', 'deinit', [], { timeout: 500 }), { code: 'TIMEOUT' });
  const { AbortController: Controller } = require('../support/grpc/signals');
  const controller = new Controller();
  const ends = [];
  for (let n = 0; n < 2000; n++) {
    ends.push(client.call('x', 'work', [], { signal: controller.signal, timeout: 60_000 }).catch(({ name }) => name));
    ends.push(client.call('silent', 'deinit', [], { timeout: 1 }).catch(({ code }) => code));
  }
  await eventually(() => held.came.length === 2000, 'all are at work');
  controller.abort();
  assert.deepEqual([...new Set(await Promise.all(ends))].sort(), ['AbortError', 'TIMEOUT']);
  await eventually(() => server.connection.incoming.open.size === 0, 'none is open');
  const { requests } = await server.status();
  assert.equal(requests.inFlight, 0);
  for (let n = 0; n < 2000; n++) ends.push(client.call('silent', 'deinit', [], { timeout: 1 }).catch(() => {}));
  await Promise.all(ends);
  await eventually(() => owt.connection.incoming.open.size <= 2048, 'those that nobody replies to are bounded');
});

test('a member that is closed waits for no handler that never replies once its caller has given up', patience, async (t) => {
  const { all: [client], port } = await buses(t, 1);
  const server = amqpClient();
  await connected(server, { host: '127.0.0.1', port });
  await rpcServer(server, 'silent', { deinit() {} });
  await assert.rejects(client.call('silent', 'deinit', [], { timeout: 20 }), { code: 'TIMEOUT' });
  const { connection } = server;
  // Long enough for this to end by its timeout if it were waited for.
  await connection.close(60_000);
});

test('a call whose caller has given up before its turn is not begun', patience, async (t) => {
  const { all: [client], registry } = await buses(t, 1);
  const script = `
    const { connectBus } = require(${JSON.stringify(require('node:path').join(__dirname, '../..'))});
    connectBus({ registry: '${registry}' }).then(async (bus) => {
      const begun = [];
      await bus.serve('busy', {
        block() { setImmediate(() => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000); }); },
        work: (n) => void begun.push(n),
        begun: () => begun,
      });
      process.send('up');
    });`;
  const child = require('node:child_process').spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'message');
  await client.call('busy', 'block');
  await new Promise((resolve) => setTimeout(resolve, 50));
  const ends = [client.call('busy', 'work', ['late'], { timeout: 100 }), client.call('busy', 'work', ['in time'], { timeout: 20_000 })];
  await assert.rejects(ends[0], { code: 'TIMEOUT' });
  await ends[1];
  assert.deepEqual(await client.call('busy', 'begun'), ['in time']);
});

test("a handler's error comes with its code and data, which are no codes of the bus", patience, async (t) => {
  const { all: [client, server], port } = await buses(t, 2);
  const owt = amqpClient();
  t.after(() => owt.disconnect());
  await connected(owt, { host: '127.0.0.1', port });
  const circular = {};
  circular.self = circular;
  const errors = {
    full: () => Object.assign(new RangeError('Room is full'), { code: 'ROOM_FULL', data: { most: 3 } }),
    errno: () => Object.assign(new Error('no file'), { code: 'ENOENT', errno: -2 }),
    numeric: () => Object.assign(new Error('declined'), { code: 603 }),
    plain: () => new Error('plain'),
    ours: () => new BusError('TIMEOUT', 'of another call'),
    object: () => ({ message: 'no Error', code: 'X', data: [1] }),
    circular: () => Object.assign(new Error('circular'), { code: 'C', data: circular }),
    odd: () => Object.assign(new Error('odd'), { code: { not: 'a code' } }),
  };
  const failing = Object.fromEntries(Object.entries(errors).map(([name, make]) => [name, () => { throw make(); }]));
  await server.serve('new', failing);
  await rpcServer(owt, 'owt', failing);
  const ended = async (id, method) => {
    const error = await client.call(id, method, [], { timeout: 5000 }).catch((why) => why);
    assert.ok(error instanceof BusError && error.code === 'HANDLER', error);
    return [error.message, error.cause?.code, error.data, error.cause?.data];
  };
  for (const id of ['new', 'owt']) {
    assert.deepEqual(await ended(id, 'full'), ['Room is full', 'ROOM_FULL', { most: 3 }, { most: 3 }]);
    assert.deepEqual(await ended(id, 'errno'), ['no file', 'ENOENT', undefined, undefined]);
    assert.deepEqual(await ended(id, 'numeric'), ['declined', 603, undefined, undefined]);
    assert.deepEqual(await ended(id, 'plain'), ['plain', undefined, undefined, undefined]);
    assert.deepEqual(await ended(id, 'ours'), ['of another call', 'TIMEOUT', undefined, undefined]);
    assert.deepEqual(await ended(id, 'odd'), ['odd', undefined, undefined, undefined]);
  }
  assert.deepEqual(await ended('new', 'object'), ['no Error', 'X', [1], [1]]);
  assert.equal((await ended('new', 'circular'))[0], 'circular');
  assert.deepEqual(await called(await rpcClient(owt), 'new', 'full', []), ['error', 'Room is full']);
});

test('a subscription whose signal fires hands nothing more out and ends with its reason', patience, async (t) => {
  const { all: [bus, other] } = await buses(t, 2);
  const controller = new AbortController();
  const news = await bus.subscribe('news', '#', { signal: controller.signal });
  for (let n = 0; n < 100; n++) other.publish('news', 'n', n);
  await eventually(() => news.waiting.length === 100, 'all wait');
  const read = [];
  await assert.rejects(async () => {
    for await (const { data } of news) {
      read.push(data);
      if (data === 2) controller.abort(new Error('enough'));
    }
  }, /enough/);
  assert.deepEqual(read, [0, 1, 2]);
  assert.deepEqual(await news.next(), { value: undefined, done: true });
  const waiting = new AbortController();
  const idle = await bus.subscribe('news', '#', { signal: waiting.signal });
  const next = idle.next();
  waiting.abort(new Error('at once'));
  await assert.rejects(next, /at once/);
  assert.throws(() => bus.subscribe('news', '#', { signal: waiting.signal }), /at once/);
  await eventually(async () => (await other.status()).members.every(({ subscriptions }) => subscriptions.length === 0), 'nobody listens');
});

test('an exception of a handler is logged with its stack, once; what it says to its caller, and what nobody waits for, is not', async (t) => {
  const { all: [client, server] } = await buses(t, 2);
  const logged = [];
  setLogger({ warn: (text) => logged.push(text) });
  t.after(() => setLogger(null));
  const bug = new TypeError('Cannot read x of null');
  await server.serve('rooms', {
    throws() { throw bug; },
    async rejects() { throw bug; },
    text() { throw 'broken'; },
    refuses() { throw new BusError('REFUSED', 'not you'); },
    status() { throw new RpcError(status.NOT_FOUND, 'no room1'); },
    late: (call) => new Promise((_resolve, reject) => call.signal.addEventListener('abort', () => reject(bug))),
  }, { withCall: true });
  for (const [method, expected] of Object.entries({ throws: [bug.stack], rejects: [bug.stack], text: ['broken'], refuses: [], status: [] })) {
    await assert.rejects(client.call('rooms', method), { code: 'HANDLER' });
    assert.deepEqual(logged.splice(0), expected.map((text) => `owt-grpc: rooms.${method} failed: ${text}`));
  }
  await assert.rejects(client.call('rooms', 'toString'), { code: 'HANDLER', message: 'Not support method' });
  assert.deepEqual(logged.splice(0), ['owt-grpc: rooms has no method toString']);
  await assert.rejects(client.call('rooms', 'late', [], { timeout: 50 }));
  assert.deepEqual(logged, []);
  client.cast('rooms', 'refuses');
  await eventually(() => logged.length > 0, 'what a cast fails with is heard by nobody else');
  assert.match(logged.join('\n'), /^owt-grpc: rooms\.refuses failed: BusError: not you/);
});
