'use strict';

// The trace goes with every call, and the context is kept in what comes back.

const assert = require('node:assert').strict;
const { after, before, test } = require('node:test');
const fc = require('fast-check');
const { Metadata, Server, connectBus, createClient, currentTrace, setLogger, setTracing, withTrace } = require('../..');
const amqpClient = require('../../lib/dropin/amqpClient');
const { entriesOf } = require('../../lib/crossing/metadata-block');
const { fromBlock, toBlock } = require('../../lib/crossing/trace-block');
const { fromText, toText, valid } = require('../../lib/observability/trace-context');
const { connected, eventually, freePort, participant, rpcClient, rpcServer, subscribed } = require('../support/bus');
const { theirs } = require('../support/grpc/peers');

const ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${ID}-b7ad6b7169203331-01`;
const inTrace = (work, tracestate) => withTrace({ traceparent: PARENT, tracestate }, work);
const idOf = (trace) => trace?.traceparent.split('-')[1];

before(() => setTracing(true));
after(() => setTracing(null));

async function grpc(t, impl, type = 'webrtc') {
  const server = new Server().addService(type, impl);
  const port = await server.listen('127.0.0.1:0');
  const client = createClient(type, `127.0.0.1:${port}`);
  t.after(async () => {
    client.close();
    await server.stop({ graceMs: 0 });
  });
  return { client, port };
}

test('a handler is in its caller\'s trace, one step further, with its tracestate', async (t) => {
  const { client } = await grpc(t, { publish: async () => ({ id: JSON.stringify(currentTrace()) }) });
  const { traceparent, tracestate } = JSON.parse((await inTrace(() => client.publish({}), 'a=1,b=2')).id);
  assert.match(traceparent, new RegExp(`^00-${ID}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
  assert.equal(tracestate, 'a=1,b=2');
  const alone = JSON.parse((await client.publish({})).id);
  assert.ok(valid(alone));
  assert.notEqual(idOf(alone), ID);
  const unsampled = await withTrace({ traceparent: PARENT.replace(/1$/, '2') }, () => client.publish({}));
  assert.match(JSON.parse(unsampled.id).traceparent, /-00$/);
});

test('the trace goes on from handler to handler, over gRPC and the bus', async (t) => {
  const registry = `127.0.0.1:${await freePort()}`;
  const [a, b] = [await connectBus({ registry }), await connectBus({ registry })];
  t.after(() => Promise.all([a.close(), b.close()]));
  const last = await grpc(t, { publish: async () => ({ id: JSON.stringify(currentTrace()) }) });
  await a.serve('middle', {
    async go() {
      await new Promise((resolve) => setImmediate(resolve));
      return (await last.client.publish({})).id;
    },
  });
  const first = await grpc(t, { publish: async () => ({ id: await b.call('middle', 'go') }) });
  const { id } = await inTrace(() => first.client.publish({}), 'k=v');
  assert.deepEqual([idOf(JSON.parse(id)), JSON.parse(id).tracestate], [ID, 'k=v']);
});

test('the context is kept in callbacks, promises and streams of a client', async (t) => {
  const { client } = await grpc(t, {
    publish: async () => ({ id: 'x' }),
    subscribe: (call, callback) => {
      call.sendMetadata({ key: 'value' });
      callback({ code: 5, details: 'x' });
    },
    async *listenToNotifications() {
      for (let n = 0; n < 3; n++) yield { name: String(n) };
    },
  });
  const { client: quic } = await grpc(t, { async *validateTokenCallback(call) { yield* call; } }, 'quic');
  const lost = [];
  let checked = 0;
  const check = (what) => {
    checked++;
    if (currentTrace()?.traceparent !== PARENT) lost.push(what);
  };
  await inTrace(async () => {
    await client.publish({});
    check('await');
    await client.publish({}).then(() => check('then'));
    await new Promise((resolve) => client.publish({}, () => resolve(check('callback'))));
    await new Promise((resolve) => {
      const call = client.subscribe({}, () => check('failure'));
      for (const event of ['metadata', 'status']) call.on(event, () => check(event));
      call.on('status', resolve);
    });
    await new Promise((resolve) => client.publish({}, { timeout: 0 }, () => resolve(check('too late'))));
    for await (const _ of client.listenToNotifications({})) check('for await');
    for (const stream of [client.listenToNotifications({}), quic.validateTokenCallback()]) {
      for (const event of ['data', 'metadata', 'status', 'end', 'close', 'drain', 'finish']) stream.on(event, () => check(event));
      if (stream.write) {
        for (let n = 0; n < 2000; n++) stream.write({ tokenId: `token ${n}`.repeat(20) });
        stream.end();
      }
      await new Promise((resolve) => stream.once('close', resolve));
    }
  });
  assert.deepEqual([...new Set(lost)], []);
  assert.ok(checked > 2000, String(checked));
});

test('the context is kept in the events of a server\'s call', async (t) => {
  const lost = [];
  const events = new Set();
  const { client } = await grpc(t, {
    validateTokenCallback(call) {
      const trace = currentTrace()?.traceparent;
      for (const event of ['data', 'end', 'cancelled', 'close', 'drain', 'finish']) {
        call.on(event, () => {
          events.add(event);
          if (currentTrace()?.traceparent !== trace || idOf(currentTrace()) !== ID) lost.push(event);
        });
      }
      call.on('data', (message) => call.write(message));
      call.on('end', () => call.end());
    },
  }, 'quic');
  await inTrace(async () => {
    const stream = client.validateTokenCallback();
    for (let n = 0; n < 2000; n++) stream.write({ tokenId: `token ${n}`.repeat(20) });
    stream.end();
    for await (const _ of stream);
    const cancelled = client.validateTokenCallback();
    cancelled.on('error', () => {});
    cancelled.write({ tokenId: 'x' });
    await new Promise((resolve) => cancelled.once('data', resolve));
    cancelled.cancel();
  });
  await eventually(() => events.has('cancelled'), 'the server hears of it');
  assert.deepEqual(lost, []);
  for (const event of ['data', 'end', 'close', 'finish']) assert.ok(events.has(event), event);
});

test('casts, topics and the old style carry the trace, and their callbacks keep the context', async (t) => {
  const port = await freePort();
  const bus = await connectBus({ registry: `127.0.0.1:${port}` });
  const old = await connected(amqpClient(), { host: '127.0.0.1', port });
  t.after(() => Promise.all([bus.close(), old.disconnect()]));
  const heard = {};
  const hear = (what) => (heard[what] = idOf(currentTrace()));
  await bus.serve('new', { cast: () => hear('cast'), call: () => hear('call') });
  await rpcServer(old, 'old', { cast: () => hear('old cast'), call: (reply) => reply('callback', hear('old call')) });
  const topic = await participant(old, 'news');
  await subscribed(topic, ['#'], () => hear('old message'));
  const messages = bus.subscribe('news', '#');
  await messages.ready;
  const client = await rpcClient(old);
  await inTrace(async () => {
    bus.cast('old', 'cast');
    client.remoteCast('new', 'cast', []);
    bus.publish('news', 'k', 1);
    await bus.call('old', 'call');
    await new Promise((resolve) => client.remoteCall('new', 'call', [], { callback: () => resolve(hear('old callback')) }));
    await new Promise((resolve) => client.remoteCall('nobody', 'x', [], { callback: () => resolve(hear('old timeout')) }, 20));
  });
  const names = ['cast', 'call', 'old cast', 'old call', 'old message', 'old callback', 'old timeout'];
  await eventually(() => Object.keys(heard).length === names.length, 'all is heard');
  assert.deepEqual(heard, Object.fromEntries(names.map((name) => [name, ID])));
  assert.equal(idOf((await messages.next()).value.trace), ID);
  topic.publish('k', 2);
  await eventually(() => heard['old message'] !== ID, 'another message');
  assert.notEqual(idOf((await messages.next()).value.trace), ID);
});

test('a grpc-js server and client see the headers as they are, and the caller\'s own go before', async (t) => {
  const served = await theirs.serve('webrtc', {
    publish(call, callback) {
      callback(null, { id: JSON.stringify(call.metadata.toJSON()) });
    },
  });
  const client = createClient('webrtc', `127.0.0.1:${served.port}`);
  t.after(() => {
    client.close();
    return served.stop();
  });
  const sent = async (metadata) => JSON.parse((await inTrace(() => client.publish({}, { metadata }), 'a=b')).id);
  const plain = await sent(undefined);
  assert.match(plain.traceparent[0], new RegExp(`^00-${ID}-[0-9a-f]{16}-01$`));
  assert.deepEqual(plain.tracestate, ['a=b']);
  const own = await sent({ traceparent: PARENT, key: 'v' });
  assert.deepEqual([own.traceparent, own.tracestate, own.key], [[PARENT], undefined, ['v']]);
  const both = new Metadata();
  both.set('key', 'v');
  assert.deepEqual([(await sent(both)).key, (await sent(both)).traceparent.length, both.toJSON()], [['v'], 1, { key: ['v'] }]);
});

test('what is no traceparent is as good as none, and costs no call', async (t) => {
  const { client } = await grpc(t, { publish: async () => ({ id: currentTrace()?.traceparent }) });
  const { port } = await grpc(t, { publish: async () => ({ id: currentTrace()?.traceparent }) });
  const other = theirs.client('webrtc', port);
  t.after(() => other.close());
  const WRONG = ['', 'x', PARENT.toUpperCase(), `${PARENT}-x`, PARENT.replace('00-', 'ff-'), `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, `00-${ID}-${'0'.repeat(16)}-01`, `01-${ID}-b7ad6b7169203331-01${'-x'.repeat(500)}`];
  for (const traceparent of WRONG) {
    assert.equal(valid({ traceparent }), null, traceparent);
    assert.equal(await withTrace({ traceparent }, () => currentTrace()), undefined);
    const { id } = await client.publish({}, { metadata: { traceparent } });
    assert.ok(valid({ traceparent: id }) && !id.includes(ID), traceparent);
  }
  assert.deepEqual(valid({ traceparent: PARENT, tracestate: 'x'.repeat(513) }), { traceparent: PARENT });
  assert.ok(valid({ traceparent: `01-${ID}-b7ad6b7169203331-01-more` }), 'a later version');
  // Twice is none, too.
  const { grpc: theirGrpc } = require('../support/grpc/peers');
  const twice = new theirGrpc.Metadata();
  twice.add('traceparent', PARENT);
  twice.add('traceparent', PARENT);
  const reply = await new Promise((resolve, reject) => other.publish({}, twice, (error, value) => (error ? reject(error) : resolve(value))));
  assert.ok(!reply.id.includes(ID), reply.id);
});

test('any valid trace survives metadata and frames, and garbage is read without a throw', () => {
  const hex = (length) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((text) => !/^0*$/.test(text));
  const state = fc.option(fc.stringMatching(/^[!-~]{1,100}$/), { nil: undefined });
  const trace = fc.record({ id: hex(32), span: hex(16), flags: fc.constantFrom('00', '01'), tracestate: state });
  const clean = ({ traceparent, tracestate }) => (tracestate === undefined ? { traceparent } : { traceparent, tracestate });
  fc.assert(
    fc.property(trace, ({ id, span, flags, tracestate }) => {
      const carrier = clean({ traceparent: `00-${id}-${span}-${flags}`, tracestate });
      assert.deepEqual(clean(valid(carrier)), carrier);
      assert.deepEqual(Metadata.ofEntries(entriesOf(toBlock(carrier))).getMap(), carrier);
      assert.deepEqual(fromBlock(Buffer.from(toBlock(carrier))), carrier);
      assert.deepEqual(fromText(toText(carrier)), carrier);
    })
  );
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void valid(fromText(text))));
});

test('a tracer that fails costs no call, and is told of once', async (t) => {
  t.after(() => {
    setTracing(true);
    setLogger(null);
  });
  const warnings = [];
  setLogger({ warn: (text) => text.includes('tracer') && warnings.push(text) });
  const { client } = await grpc(t, { publish: async () => ({ id: 'x' }), subscribe() { throw new Error('the handler\'s'); } });
  const fine = { start: () => ({}), run: (_span, work) => work(), end() {} };
  for (const name of ['start', 'run', 'end']) {
    setTracing({ ...fine, [name]() { throw new Error(`bad ${name}`); } });
    for (let n = 0; n < 3; n++) assert.equal((await client.publish({})).id, 'x');
    await assert.rejects(client.subscribe({}), /the handler's/);
  }
  assert.deepEqual(warnings, ['start', 'run', 'end'].map((name) => `owt-grpc: the tracer's ${name}() threw, which is told once: bad ${name}`));
  setTracing({ ...fine, run() {} });
  assert.equal((await client.publish({})).id, 'x');
  setTracing({ ...fine, start: (_call, carrier) => void (carrier.traceparent = 'évil\r\n') });
  assert.equal((await client.publish({})).id, 'x');
  assert.throws(() => setTracing(/** @type {any} */ ({ start() {} })), /a tracer has the functions start, run and end; run is undefined/);
  assert.throws(() => setTracing(/** @type {any} */ ('yes')), /setTracing/);
});

test('turned off, nothing is sent and no context is kept', async (t) => {
  t.after(() => setTracing(true));
  const { client } = await grpc(t, { publish: async ({ metadata }) => ({ id: String(metadata.get('traceparent').length) }) });
  setTracing(false);
  assert.equal((await inTrace(() => client.publish({}))).id, '0');
});
