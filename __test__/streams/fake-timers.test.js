'use strict';

// Test libraries put clocks and timers of their own in the place of Node's, after
// this package was loaded: calls, streams and the bus go on, and deadlines pass.

const assert = require('node:assert').strict;
const perf = require('node:perf_hooks');
const timers = require('node:timers');
const { test } = require('node:test');
const { AbortController, connectBus } = require('../..');
const { called, cluster, freePort, rpcClient, rpcServer } = require('../support/bus');
const { serve } = require('../support/grpc/calls');
const { type } = require('../support/grpc/four-kinds');

/** Everything that such a library replaces; nothing of it ever fires. */
function fake() {
  const restore = [];
  const put = (object, name, value) => {
    const own = Object.getOwnPropertyDescriptor(object, name);
    Object.defineProperty(object, name, { value, writable: true, configurable: true });
    restore.push(() => (own === undefined ? delete object[name] : Object.defineProperty(object, name, own)));
  };
  const handle = { ref: () => handle, unref: () => handle, hasRef: () => false, refresh: () => handle };
  for (const name of ['setTimeout', 'setInterval', 'setImmediate']) {
    for (const object of [globalThis, timers]) put(object, name, () => handle);
  }
  for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate']) {
    for (const object of [globalThis, timers]) put(object, name, () => {});
  }
  for (const object of [process, globalThis]) put(object, object === process ? 'nextTick' : 'queueMicrotask', () => {});
  put(process, 'hrtime', Object.assign(() => [0, 0], { bigint: () => 0n }));
  put(perf.performance, 'now', () => 0);
  const { Date: RealDate } = globalThis;
  class FakeDate extends RealDate {
    constructor(...args) {
      super(...(args.length === 0 ? [0] : args));
    }
    static now() {
      return 0;
    }
  }
  put(globalThis, 'Date', FakeDate);
  return () => restore.reverse().forEach((undo) => undo());
}

/** Does something while nothing of Node's time is there. */
async function whileFaked(work) {
  const restore = fake();
  try {
    return await work();
  } finally {
    restore();
  }
}

const LIMIT = { timeout: 20_000 };

const impl = {
  async unary({ request }) { return request; },
  async *serverStream({ request }) { for (let n = 0; n < 50; n++) yield request; },
  async clientStream(call) { let last; for await (last of call); return last; },
  async *bidiStream(call) { for await (const message of call) yield message; },
};

/** How a call of each kind is made without the timers of the tests. */
const CALLS = {
  unary: (client, options) => client.unary({ message: 'a' }, options),
  'unary, by callback': (client, options) => new Promise((resolve, reject) => client.unary({ message: 'a' }, options, (error, reply) => (error ? reject(error) : resolve(reply)))),
  async serverStream(client, options) {
    const all = [];
    for await (const message of client.serverStream({ message: 'a' }, options)) all.push(message);
    return all;
  },
  'serverStream, by events': (client, options) => events(client.serverStream({ message: 'a' }, options)),
  clientStream: (client, options) => new Promise((resolve, reject) => {
    const stream = client.clientStream(options, (error, reply) => (error ? reject(error) : resolve(reply)));
    stream.write({ message: 'b' });
    stream.end({ message: 'a' });
  }),
  'bidiStream, by events': (client, options) => {
    const stream = client.bidiStream(options);
    for (let n = 0; n < 50; n++) stream.write({ message: 'a' });
    stream.end();
    return events(stream);
  },
};
function events(stream) {
  return new Promise((resolve, reject) => {
    const all = [];
    stream.on('data', (message) => all.push(message)).on('error', reject).on('end', () => resolve(all));
  });
}

test('calls of every kind are answered when clocks and timers were replaced', LIMIT, async (t) => {
  const { client } = await serve(t, type, impl);
  for (const [kind, call] of Object.entries(CALLS)) {
    const reply = await whileFaked(() => call(client, { timeout: 10_000 }));
    assert.deepEqual(reply, Array.isArray(reply) ? Array(50).fill({ ...reply[0], message: 'a' }) : { ...reply, message: 'a' }, kind);
  }
});

test('a stream that was begun before goes on', LIMIT, async (t) => {
  const { client } = await serve(t, type, impl);
  const stream = client.bidiStream();
  const replies = stream[Symbol.asyncIterator]();
  stream.write({ message: 'before' });
  assert.equal((await replies.next()).value.message, 'before');
  await whileFaked(async () => {
    stream.write({ message: 'meanwhile' });
    assert.equal((await replies.next()).value.message, 'meanwhile');
    stream.end();
    assert.equal((await replies.next()).done, true);
  });
});

test('calls fail, are cancelled and end at their deadline when clocks and timers were replaced', LIMIT, async (t) => {
  const { client } = await serve(t, type, { unary: (_call, _callback) => {}, serverStream() {}, bidiStream() {}, clientStream() {} });
  for (const [kind, call] of Object.entries(CALLS)) {
    await whileFaked(async () => {
      await assert.rejects(call(client, { timeout: 50 }), /^RpcError: 4 DEADLINE_EXCEEDED/, kind);
      // By the Date of the moment, as it was made by.
      await assert.rejects(call(client, { deadline: new Date(Date.now() + 50) }), /^RpcError: 4 DEADLINE_EXCEEDED/, kind);
      const patience = new AbortController();
      const end = call(client, { signal: patience.signal });
      patience.abort();
      await assert.rejects(end, /^RpcError: 1 CANCELLED/, kind);
      await assert.rejects(async () => call(client, { deadLine: 1 }), /did you mean deadline\?/, kind);
    });
  }
});

test('the bus calls, publishes and gives up when clocks and timers were replaced', LIMIT, async (t) => {
  const registry = `127.0.0.1:${await freePort()}`;
  const [server, caller] = [await connectBus({ registry }), await connectBus({ registry })];
  t.after(() => Promise.all([server, caller].map((bus) => bus.close({ graceMs: 0 }))));
  await whileFaked(async () => {
    await server.serve('rooms', { join: (name) => `${name} is in`, never: () => new Promise(() => {}) });
    assert.equal(await caller.call('rooms', 'join', ['alice']), 'alice is in');
    await assert.rejects(caller.call('rooms', 'never', [], { timeout: 50 }), { code: 'TIMEOUT' });
    const news = await caller.subscribe('news', '#');
    server.publish('news', 'a', 1);
    assert.equal((await news.next()).value.data, 1);
    await news.return();
    await server.close({ graceMs: 0 });
  });
});

test("OWT's client of the bus calls when clocks and timers were replaced", LIMIT, async (t) => {
  const { join } = await cluster(t);
  const [server, caller] = [await join(), await join()];
  await whileFaked(async () => {
    await rpcServer(server, 'rooms', { join: (name, reply) => reply('callback', `${name} is in`) });
    await rpcClient(caller);
    assert.deepEqual((await called(caller.rpcClient, 'rooms', 'join', ['alice'], 5000))[0], 'alice is in');
  });
});
