'use strict';

// Failures that cannot be looked at, and clients that their users have wrapped:
// the caller is answered and the process lives.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { connectBus, setLogger } = require('../..');
const amqpClient = require('../../lib/dropin/amqpClient');
const { called, connected, eventually, freePort, participant, rpcClient, rpcServer, subscribed } = require('../support/bus');

const patience = { timeout: 30_000 };

const cannot = () => {
  throw new Error('not to be looked at');
};

/** Each makes something that is no good to whoever looks at it. */
const failures = {
  'nothing': () => undefined,
  'null': () => null,
  'a symbol': () => Symbol('s'),
  'a BigInt': () => 1n,
  'an object without a prototype': () => Object.create(null),
  'an object whose text throws': () => ({ toString: cannot }),
  'an object whose text is none': () => ({ [Symbol.toPrimitive]: () => ({}) }),
  'an Error whose message throws': () => Object.defineProperty(new Error(), 'message', { get: cannot }),
  'an Error whose message is an object without a prototype': () => Object.assign(new Error(), { message: Object.create(null) }),
  'an Error whose stack throws': () => Object.defineProperty(new Error('e'), 'stack', { get: cannot }),
  'an Error whose code and data throw': () => Object.defineProperties(new Error('e'), { code: { get: cannot }, data: { get: cannot } }),
  'an Error whose data throws when it is sent': () => Object.assign(new Error('e'), { code: 'C', data: { toJSON: cannot } }),
  'a Proxy that throws at all': () => new Proxy({}, new Proxy({}, { get: () => cannot })),
  'a revoked Proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
};

/** How a handler may fail with it; the last one is OWT's way. */
const ways = {
  throws: (make) => () => {
    throw make();
  },
  rejects: (make) => async () => {
    throw make();
  },
  returns: (make) => () => ({
    get then() {
      throw make();
    },
  }),
  replies: (make) => (...args) => args[args.length - 1]('callback', 'error', make()),
};

test('whatever a handler fails with, its caller is answered, and the next call is served', patience, async (t) => {
  const port = await freePort();
  const registry = `127.0.0.1:${port}`;
  const server = await connectBus({ registry });
  const client = await connectBus({ registry });
  const owt = amqpClient();
  t.after(() => Promise.all([server.close({ graceMs: 0 }), client.close({ graceMs: 0 }), owt.disconnect()]));
  await connected(owt, { host: '127.0.0.1', port });
  const logged = [];
  setLogger({ error: (text) => logged.push(text), warn: (text) => logged.push(text) });
  t.after(() => setLogger(null));
  const unhandled = [];
  const note = (why) => unhandled.push(why);
  process.on('unhandledRejection', note);
  t.after(() => process.removeListener('unhandledRejection', note));
  const services = { ping: (...args) => (typeof args[args.length - 1] === 'function' ? args[args.length - 1]('callback', 'pong') : 'pong') };
  Object.defineProperty(services, 'unreadable', { get: cannot });
  for (const [n, make] of Object.values(failures).entries()) {
    for (const [way, fail] of Object.entries(ways)) services[`${way}${n}`] = fail(make);
  }
  await server.serve('new', services);
  await rpcServer(owt, 'owt', services);
  const rpc = await rpcClient(owt);
  for (const [n, name] of Object.keys(failures).entries()) {
    for (const id of ['new', 'owt']) {
      for (const way of ['throws', 'rejects', 'returns']) {
        const error = await client.call(id, `${way}${n}`, [], { timeout: 5000 }).then(() => assert.fail(name), (why) => why);
        assert.deepEqual([error.code, typeof error.message], ['HANDLER', 'string'], `${id} ${way} ${name}`);
        client.cast(id, `${way}${n}`);
      }
    }
    const [data] = await called(rpc, 'owt', `replies${n}`, [], 5000);
    assert.equal(data, 'error', name);
  }
  for (const id of ['new', 'owt']) {
    assert.equal((await client.call(id, 'unreadable', [], { timeout: 5000 }).catch((why) => why)).code, 'HANDLER');
    client.cast(id, 'unreadable');
    assert.equal(await client.call(id, 'ping', [], { timeout: 5000 }), 'pong');
  }
  await eventually(async () => (await server.status()).requests.inFlight === 0, 'all casts have ended');
  assert.deepEqual(unhandled, []);
});

test('what a caller gives may throw when it is read: its call fails, and nothing else', patience, async (t) => {
  const port = await freePort();
  const bus = await connectBus({ registry: `127.0.0.1:${port}` });
  const owt = amqpClient();
  t.after(() => Promise.all([bus.close({ graceMs: 0 }), owt.disconnect()]));
  await connected(owt, { host: '127.0.0.1', port });
  await bus.serve('x', { ping: () => 'pong' });
  const rpc = await rpcClient(owt);
  for (const value of [{ toJSON: cannot }, { get member() { return cannot(); } }, failures['a Proxy that throws at all'](), failures['a revoked Proxy']()]) {
    await assert.rejects(bus.call('x', 'ping', [value]));
    assert.throws(() => bus.cast('x', 'ping', [value]));
    assert.throws(() => bus.publish('x', 'ping', value));
    assert.equal((await called(rpc, 'x', 'ping', [value]))[0], 'error');
    rpc.remoteCast('x', 'ping', [value]);
    rpc.remoteCall('x', value, [], {}, 50);
    rpc.remoteCall(value, 'ping', [], {}, 50);
  }
  rpc.remoteCall('x', 'ping', [], Object.defineProperty({}, 'callback', { get: cannot, enumerable: true }));
  rpc.remoteCall('nobody', 'ping', [], Object.defineProperty({}, 'callback', { get: cannot, enumerable: true }), 20);
  await called(rpc, 'nobody', 'ping', [], 60);
  assert.deepEqual(await called(rpc, 'x', 'ping', []), ['pong', undefined]);
});

test('wrapped by Proxy or Object.create, the bus works as it is', patience, async () => {
  const port = await freePort();
  const wraps = [(it) => new Proxy(it, {}), (it) => new Proxy(it, { get: (on, name, self) => Reflect.get(on, name, self) }), (it) => Object.create(it)];
  for (const [n, wrap] of wraps.entries()) {
    const bus = wrap(await connectBus({ registry: `127.0.0.1:${port}` }));
    const service = await bus.serve(`x${n}`, wrap({ add: (a, b) => a + b }));
    assert.equal(await bus.call(`x${n}`, 'add', [1, 2]), 3);
    bus.cast(`x${n}`, 'add', [1, 2]);
    const news = wrap(await bus.subscribe('news', '#'));
    bus.publish('news', 'k', n);
    for await (const { data } of news) {
      assert.equal(data, n);
      break;
    }
    assert.deepEqual((await bus.status()).ids, [`x${n}`]);
    const client = wrap(amqpClient());
    await connected(client, { host: '127.0.0.1', port });
    await rpcServer(client, `owt${n}`, wrap({ add: (a, b, reply) => reply('callback', a + b) }));
    assert.deepEqual(await called(wrap(await rpcClient(client)), `owt${n}`, 'add', [1, 2]), [3, undefined]);
    const channel = wrap(await participant(client, 'group'));
    const heard = [];
    await subscribed(channel, ['#'], (message) => heard.push(message));
    channel.publish('k', n);
    await eventually(() => heard.length === 1, 'the message');
    assert.equal(await client.removeRpcServer(), 'ok');
    await client.disconnect();
    await service.stop();
    await bus.close();
  }
});
