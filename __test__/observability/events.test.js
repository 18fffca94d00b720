'use strict';

// Diagnostics channels: each start has one end, whatever becomes of the call.

const assert = require('node:assert').strict;
const diagnostics = require('node:diagnostics_channel');
const http2 = require('node:http2');
const { performance } = require('node:perf_hooks');
const { test } = require('node:test');
const { promisify } = require('node:util');
const { AbortController, abortedSignal } = require('../support/grpc/signals');
const fc = require('fast-check');
const { Server, connectBus, createClient } = require('../..');
const amqpClient = require('../../lib/dropin/amqpClient');
const { connected, eventually, freePort, rpcClient, rpcServer } = require('../support/bus');
const { listen } = require('../support/watching');

const pause = promisify(setTimeout);

const ended = ({ start, end }) => start.length > 0 && start.length === end.length;

/** Every start has one end, and it is the same object. */
function assertBalanced(seen, role) {
  const { start, end } = seen[role];
  assert.equal(new Set(end).size, end.length, `${role}: an end is told twice`);
  assert.equal(end.length, start.length, role);
  // By identity: what is in the calls behind them is large, and no matter here.
  const started = new Set(start);
  for (const event of end) assert.ok(started.has(event), `${role}: an end without its start`);
  for (const event of end) assert.ok(event.duration >= 0 && typeof event.ok === 'boolean', role);
}

/** What a handler does, by what its request says. */
const impl = {
  async publish({ request: { id } }) {
    if (id === 'slow') await pause(20);
    if (id === 'throw') throw new Error('thrown');
    if (id === 'status') throw { code: 9, details: 'no' };
    if (id === 'late') await new Promise(() => {});
    return id === 'unsendable' ? { id: Symbol('x') } : { id };
  },
  async *listenToNotifications(call) {
    const { id } = call.request;
    for (let n = 0; n < 5; n++) {
      if (n === 2 && id === 'throw') throw new Error('thrown');
      if (n === 2 && id === 'late') await new Promise((resolve) => call.signal.addEventListener('abort', resolve));
      yield { name: String(n) };
    }
  },
};
const echo = {
  async *validateTokenCallback(call) {
    for await (const { tokenId } of call) {
      if (tokenId === 'throw') throw new Error('thrown');
      yield { tokenId };
    }
  },
};

const WAYS = ['ok', 'slow', 'throw', 'status', 'late', 'unsendable', 'bad request', 'past', 'aborted', 'cancel', 'destroy', 'leave', 'nowhere'];

/** One call that goes some way; resolves when it has ended. */
async function go({ clients, kind, way }) {
  const { webrtc, quic, nowhere } = clients;
  const client = way === 'nowhere' ? nowhere : webrtc;
  const options = { timeout: way === 'late' ? 15 : 5000 };
  if (way === 'past') options.timeout = 0;
  if (way === 'aborted') options.signal = abortedSignal();
  const request = way === 'bad request' ? { id: Symbol('x') } : { id: way === 'cancel' || way === 'destroy' ? 'late' : way };
  if (kind === 'promise') {
    const controller = new AbortController();
    if (way === 'cancel' || way === 'destroy') {
      options.signal = controller.signal;
      setTimeout(() => controller.abort(), 5);
    }
    return client.publish(request, options).catch(() => {});
  }
  if (kind === 'callback') {
    return new Promise((resolve) => {
      const call = client.publish(request, options, resolve);
      if (way === 'cancel' || way === 'destroy') call.cancel();
    });
  }
  if (kind === 'serverStream') return drain(client.listenToNotifications(request, options), way);
  const stream = quic.validateTokenCallback(options);
  stream.on('error', () => {});
  stream.write({ tokenId: way });
  if (!['late', 'cancel', 'destroy'].includes(way)) stream.end(way === 'bad request' ? { tokenId: Symbol('x') } : {});
  return drain(stream, way);
}

async function drain(stream, way) {
  stream.on('error', () => {});
  const closed = new Promise((resolve) => stream.once('close', resolve));
  if (way === 'destroy') stream.destroy();
  if (way === 'cancel') setTimeout(() => stream.cancel(), 5);
  try {
    for await (const _ of stream) if (way === 'leave') break;
  } catch (_error) {
    // Told by the event.
  }
  await closed;
}

test('each gRPC call that starts ends once, on both sides, however it ends', { timeout: 60_000 }, async (t) => {
  const server = new Server().addService('webrtc', impl).addService('quic', echo);
  const address = `127.0.0.1:${await server.listen('127.0.0.1:0')}`;
  const clients = { webrtc: createClient('webrtc', address), quic: createClient('quic', address), nowhere: createClient('webrtc', `127.0.0.1:${await freePort()}`) };
  t.after(async () => {
    for (const client of Object.values(clients)) client.close();
    await server.stop({ graceMs: 0 });
  });
  const seen = listen(t);
  const kind = fc.constantFrom('promise', 'callback', 'serverStream', 'bidi');
  const calls = fc.array(fc.record({ kind, way: fc.constantFrom(...WAYS) }), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(calls, async (list) => {
      for (const role of Object.values(seen)) role.start.length = role.end.length = 0;
      await Promise.all(list.map((one) => go({ clients, ...one })));
      // The server hears of a cancelled call a little later.
      await eventually(() => server.stats().inFlight === 0, 'the server has nothing under way');
      assert.equal(seen['client.call'].start.length, list.length);
      assertBalanced(seen, 'client.call');
      assertBalanced(seen, 'server.call');
      for (const client of Object.values(clients)) assert.equal(client.stats().inFlight, 0);
    }),
    { numRuns: 25 }
  );
});

test('calls that are cut off with their server or connection end, too', async (t) => {
  const server = new Server().addService('webrtc', impl);
  const client = createClient('webrtc', `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
  t.after(() => client.close());
  const seen = listen(t);
  const calls = [client.publish({ id: 'late' }).catch(() => {}), drain(client.listenToNotifications({ id: 'late' }), '')];
  await eventually(() => seen['server.call'].start.length === 2, 'both calls arrive');
  await server.stop({ graceMs: 0 });
  await Promise.all(calls);
  for (const role of ['client.call', 'server.call']) assertBalanced(seen, role);
  assert.deepEqual(seen['server.call'].end.map(({ code, details }) => [code, details]), Array(2).fill([1, 'The connection was lost']));
});

test('a server\'s call whose client is gone says whether it gave up or its time was over', async (t) => {
  const server = new Server().addService('webrtc', impl);
  const port = await server.listen('127.0.0.1:0');
  const client = createClient('webrtc', `127.0.0.1:${port}`);
  // A client that leaves its deadline to the server: ours gives up at the same moment.
  const session = http2.connect(`http://127.0.0.1:${port}`);
  t.after(async () => {
    session.destroy();
    client.close();
    await server.stop({ graceMs: 0 });
  });
  const seen = listen(t);
  const path = '/owt.WebRTCAgent/Publish';
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', 'grpc-timeout': '30m' };
  const id = Buffer.from('late');
  session.request(headers).on('error', () => {}).end(Buffer.concat([Buffer.from([0, 0, 0, 0, id.length + 2, 0x0a, id.length]), id]));
  await eventually(() => seen['server.call'].end.length === 1, 'the first has ended');
  const call = client.publish({ id: 'late' }, () => {});
  await eventually(() => seen['server.call'].start.length === 2, 'the second has arrived');
  call.cancel();
  await eventually(() => seen['server.call'].end.length === 2, 'the second has ended');
  assert.deepEqual(seen['server.call'].end.map(({ code, ok }) => [code, ok]), [[4, false], [1, false]]);
});

test('an event says which call it is, and in the end how it ended', async (t) => {
  const server = new Server().addService('webrtc', impl);
  const port = await server.listen('127.0.0.1:0');
  const client = createClient('webrtc', `127.0.0.1:${port}`);
  t.after(async () => {
    client.close();
    await server.stop();
  });
  const starts = [];
  const onStart = (event) => starts.push({ ...event });
  const channel = diagnostics.channel('owt-grpc:client.call.start');
  channel.subscribe(onStart);
  t.after(() => channel.unsubscribe(onStart));
  const seen = listen(t);
  await assert.rejects(client.publish({ id: 'status' }));
  const about = { kind: 'client', method: '/owt.WebRTCAgent/Publish', type: 'unary', peer: `127.0.0.1:${port}` };
  assert.deepEqual(JSON.parse(JSON.stringify(starts)), [{ ...about, startTime: starts[0].startTime }]);
  const [{ duration, startTime, ...rest }] = seen['client.call'].end;
  assert.deepEqual(JSON.parse(JSON.stringify(rest)), { ...about, ok: false, code: 9, details: 'no' });
  assert.ok(duration > 0 && startTime <= performance.now());
  const [there] = seen['server.call'].end;
  assert.deepEqual([there.kind, there.method, there.code], ['server', about.method, 9]);
  assert.match(there.peer, /^127\.0\.0\.1:\d+$/);
});

test('each call and request of the bus that starts ends once, in both styles', async (t) => {
  const seen = listen(t);
  const port = await freePort();
  const [a, b] = [await connectBus({ registry: `127.0.0.1:${port}` }), await connectBus({ registry: `127.0.0.1:${port}` })];
  const old = await connected(amqpClient(), { host: '127.0.0.1', port });
  const all = [a, b, { close: () => old.disconnect() }];
  t.after(() => Promise.all(all.map((bus) => bus.close())));
  let hangs = 0;
  await a.serve('new', { ok: (x) => x, boom() { throw new Error('boom'); }, hang: () => new Promise(() => hangs++), unsendable: () => 1n });
  await rpcServer(old, 'old', { ok: (x, reply) => reply('callback', x), boom() { throw new Error('boom'); }, more(reply) { reply('a', 1); reply('callback', 2); reply('callback', 3); }, hang() { hangs++; } });
  const controller = new AbortController();
  const quietly = (promise) => promise.catch(() => {});
  const calls = [];
  for (const id of ['new', 'old']) {
    for (const method of ['ok', 'boom', 'missing']) calls.push(quietly(b.call(id, method, [1])));
    b.cast(id, 'ok', [1]);
    b.cast(id, 'boom');
    b.cast(id, 'missing');
  }
  calls.push(quietly(b.call('new', 'unsendable')), quietly(b.call('nobody', 'x', [], { timeout: 20 })), quietly(b.call('new', 'x', ['y'.repeat(17 << 20)])));
  const client = await rpcClient(old);
  calls.push(new Promise((resolve) => client.remoteCall('old', 'more', [], { a() {}, callback: resolve })));
  const given = quietly(b.call('new', 'hang', [], { signal: controller.signal }));
  const hanging = [given, quietly(b.call('old', 'hang'))];
  await Promise.all(calls);
  await eventually(() => hangs === 2, 'both hang');
  controller.abort();
  await given;
  const { start, end } = seen['bus.call'];
  assert.deepEqual([start.length, end.length], [12, 11]);
  const codes = end.map(({ code }) => code).sort();
  assert.deepEqual(codes, ['CANCELLED', ...Array(5).fill('HANDLER'), 'OK', 'OK', 'OK', 'TOO_LARGE', 'UNKNOWN_ID']);
  // The caller goes first.
  await b.close();
  await a.close({ graceMs: 0 });
  await old.disconnect();
  await Promise.all(hanging);
  await eventually(() => ended(seen['bus.call']) && ended(seen['bus.request']), 'what hung has ended');
  for (const role of ['bus.call', 'bus.request']) assertBalanced(seen, role);
  const hung = seen['bus.request'].end.filter(({ method }) => method === 'hang');
  assert.deepEqual(hung.map(({ code }) => code), ['CANCELLED', 'PEER_LOST']);
  assert.equal(seen['bus.request'].start.filter(({ isCall }) => !isCall).length, 6);
});

test('nothing is made for channels that nobody listens to', async (t) => {
  const { CLIENT } = require('../../lib/observability/call-kinds');
  const { grpcStats } = require('../../lib/observability/call-stats');
  const call = { method: { path: '/a.B/C', requestStream: false, responseStream: false }, connection: { target: 'x' } };
  const begin = () => CLIENT.begin(grpcStats(), grpcStats(), /** @type {any} */ (call));
  assert.equal(begin().about, null);
  listen(t);
  assert.equal(begin().about?.method, '/a.B/C');
});
