'use strict';

// metrics(), serveMetrics() and stats(). Counts are of the whole thread, so each
// test looks at what has been added.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { test } = require('node:test');
const { Server, connectBus, createClient, metrics, serveMetrics } = require('../..');
const { Exposition } = require('../../lib/observability/exposition');
const { eventually, freePort } = require('../support/bus');
const { request } = require('../support/net/http');
const { parse, value } = require('../support/watching');

async function pair(t, impl) {
  const server = new Server().addService('webrtc', impl);
  const port = await server.listen('127.0.0.1:0');
  const client = createClient('webrtc', `127.0.0.1:${port}`);
  t.after(async () => {
    client.close();
    await server.stop({ graceMs: 0 });
  });
  return { client, server, port };
}

test('stats tell how many calls ended how, what is under way, and how much was sent', async (t) => {
  let letGo = () => {};
  const { client, server, port } = await pair(t, {
    publish: async ({ request }) => ({ id: request.id }),
    subscribe: (_call, callback) => callback({ code: 5, details: 'gone' }),
    linkup: (_call, callback) => (letGo = () => callback(null, {})),
    async *listenToNotifications() { yield { name: 'a' }; yield { name: 'b' }; },
  });
  await client.publish({ id: 'x' });
  await assert.rejects(client.subscribe({}));
  for await (const _ of client.listenToNotifications({ id: 'me' }));
  const pending = client.linkup({});
  await eventually(() => server.stats().started === 4, 'the call arrives');
  const expected = { started: 4, inFlight: 1, succeeded: 2, failed: 1, codes: { NOT_FOUND: 1 } };
  const held = { bufferedBytes: 0, maxBufferedBytes: 96 * 1024 * 1024 };
  const { sent, received, ...rest } = client.stats();
  assert.deepEqual(rest, { target: `127.0.0.1:${port}`, state: 'ready', connections: 1, connectionFailures: 0, ...held, ...expected });
  assert.deepEqual([sent.messages, received.messages], [4, 3]);
  const there = server.stats();
  assert.deepEqual(there, { port, connections: 1, ...held, ...expected, sent: received, received: sent });
  letGo();
  await pending;
  client.close();
  assert.deepEqual([client.stats().inFlight, client.stats().state, client.stats().connections], [0, 'closed', 1]);
});

test('a client that connects again says so', async (t) => {
  const { client, server, port } = await pair(t, { publish: async () => ({}) });
  await client.publish({});
  await server.stop();
  await assert.rejects(client.publish({}), { code: 14 });
  const again = new Server().addService('webrtc', { publish: async () => ({}) });
  await again.listen(`127.0.0.1:${port}`);
  t.after(() => again.stop());
  await client.publish({}, { waitForReady: true, timeout: 10_000 });
  const { connections, connectionFailures, codes } = client.stats();
  assert.equal(connections, 2);
  assert.ok(connectionFailures >= 1);
  assert.deepEqual(codes, { UNAVAILABLE: 1 });
});

test('the text is Prometheus\'s, and has calls, errors by code, latency, bytes and the event loop', async (t) => {
  await metrics();
  const { client } = await pair(t, {
    publish: async () => ({ id: 'p' }),
    subscribe: (_call, callback) => callback({ code: 9, details: 'no' }),
  });
  const method = (name) => ({ grpc_service: 'owt.WebRTCAgent', grpc_method: name, grpc_type: 'unary' });
  const before = parse(await metrics());
  for (let n = 0; n < 20; n++) await client.publish({ id: 'p' });
  await assert.rejects(client.subscribe({}));
  const after = parse(await metrics());
  const added = (name, labels) => value(after, name, labels) - value(before, name, labels);
  for (const side of ['client', 'server']) {
    assert.equal(added(`grpc_${side}_started_total`, method('Publish')), 20);
    assert.equal(added(`grpc_${side}_handled_total`, { ...method('Publish'), grpc_code: 'OK' }), 20);
    assert.equal(added(`grpc_${side}_handled_total`, { ...method('Subscribe'), grpc_code: 'FailedPrecondition' }), 1);
    assert.equal(added(`grpc_${side}_handling_seconds_count`, method('Publish')), 20);
    assert.ok(added(`grpc_${side}_handling_seconds_sum`, method('Publish')) > 0);
    assert.ok(added(`owt_grpc_${side}_sent_bytes_total`, method('Publish')) > 0);
    assert.equal(value(after, `owt_grpc_${side}_in_flight`), 0);
  }
  assert.equal(added('owt_grpc_connects_total'), 1);
  assert.equal(value(after, 'owt_grpc_client_channels', { state: 'ready' }), 1);
  assert.equal(value(after, 'owt_grpc_server_connections'), 1);
  const share = value(after, 'owt_grpc_event_loop_utilization');
  assert.ok(share > 0 && share <= 1, String(share));
});

test('members of the bus are in the text, and what they have lost stays when they leave', async (t) => {
  const before = parse(await metrics());
  const registry = `127.0.0.1:${await freePort()}`;
  const [a, b] = [await connectBus({ registry }), await connectBus({ registry })];
  t.after(() => a.close());
  await a.serve('calc', { add: (x, y) => x + y });
  await b.call('calc', 'add', [1, 2]);
  await assert.rejects(b.call('calc', 'nothing'));
  await assert.rejects(b.call('nobody', 'x', [], { timeout: 20 }));
  b.cast('nobody', 'x');
  const { calls, casts, joined, linksMade } = await b.status();
  assert.deepEqual({ ...calls, sent: 0, received: 0 }, { started: 3, inFlight: 0, succeeded: 1, failed: 2, codes: { HANDLER: 1, UNKNOWN_ID: 1 }, sent: 0, received: 0 });
  assert.deepEqual([casts, joined, linksMade], [1, 1, 1]);
  const during = parse(await metrics());
  assert.equal(value(during, 'owt_grpc_bus_members'), 2);
  assert.equal(value(during, 'owt_grpc_bus_links', { state: 'up' }), 2);
  await b.close();
  const after = parse(await metrics());
  const added = (name, labels) => value(after, name, labels) - value(before, name, labels);
  assert.equal(added('owt_grpc_bus_calls_ended_total', { outcome: 'OK' }), 1);
  assert.equal(added('owt_grpc_bus_calls_ended_total', { outcome: 'HANDLER' }), 1);
  assert.equal(added('owt_grpc_bus_calls_ended_total', { outcome: 'UNKNOWN_ID' }), 1);
  assert.equal(added('owt_grpc_bus_requests_started_total'), 2);
  assert.equal(added('owt_grpc_bus_calls_seconds_count'), 3);
  assert.equal(added('owt_grpc_bus_unroutable_total'), 1);
  assert.equal(added('owt_grpc_bus_links_made_total'), 2);
  assert.equal(value(after, 'owt_grpc_bus_members'), 1);
});

test('ids and methods of the bus make series where they are told apart; exchanges, keys, addresses and codes of handlers make none', async (t) => {
  const registry = `127.0.0.1:${await freePort()}`;
  const bus = await connectBus({ registry });
  t.after(() => bus.close());
  const use = async (n) => {
    const { client } = await pair(t, { publish: (_call, callback) => callback({ code: 1000 + n, details: 'x' }) });
    await assert.rejects(client.publish({ id: `p${n}` }, { metadata: { [`key${n}`]: 'x' } }));
    await bus.serve(`id${n}`, { [`m${n}`]: () => n });
    await bus.call(`id${n}`, `m${n}`);
    bus.publish(`exchange${n}`, `key${n}`, n);
  };
  await use(0);
  const series = async () => {
    const all = (await metrics()).split('\n').map((line) => line.replace(/ \S+$/, '')).sort();
    const isByMethod = (line) => line.startsWith('owt_grpc_bus_method_');
    return { byMethod: all.filter(isByMethod), others: all.filter((line) => !isByMethod(line)) };
  };
  const few = await series();
  for (let n = 1; n < 20; n++) await use(n);
  const many = await series();
  assert.deepEqual(many.others, few.others);
  // Of each call one by outcome and its seconds, on both sides.
  assert.equal(many.byMethod.length - few.byMethod.length, 19 * 4);
});

test('labels and help are escaped', () => {
  const out = new Exposition();
  const nasty = 'a"b\\c\nd\\n"},x{';
  out.family('some_total', 'counter', 'line\none \\ "two"', [[{ label: nasty, other: '' }, 3]]);
  out.family('empty_total', 'counter', 'nothing', []);
  out.histogram('some_seconds', 'h', [0.1, 1], [[{ label: nasty }, { buckets: [1, 2], timed: 4, seconds: 7.5 }]]);
  const families = parse(out.toString());
  assert.deepEqual([...families.keys()], ['some_total', 'some_seconds']);
  assert.deepEqual(families.get('some_total').samples, [{ name: 'some_total', labels: { label: nasty, other: '' }, value: 3 }]);
  assert.equal(families.get('some_total').help, 'line\\none \\\\ "two"');
  assert.equal(value(families, 'some_seconds_bucket', { label: nasty, le: '1' }), 3);
  assert.equal(new Exposition().toString(), '');
});

test('metrics are served at one path of one port', async (t) => {
  const served = await serveMetrics();
  t.after(() => served.close());
  const response = await request(served.url);
  assert.equal(response.status, 200);
  assert.equal(response.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  parse(response.text);
  const head = await request(served.url, { method: 'HEAD' });
  assert.deepEqual([head.status, head.text], [200, '']);
  assert.equal((await request(served.url, { method: 'POST', body: 'x' })).status, 405);
  assert.equal((await request(new URL('/', served.url))).status, 404);
  await assert.rejects(serveMetrics({ port: served.port }), /serveMetrics: cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/);
  await assert.rejects(serveMetrics({ port: -1 }), /option port must be a whole number/);
  await assert.rejects(serveMetrics(/** @type {any} */ ({ prot: 1 })), /option prot is not known/);
});

test('closing the port ends connections that are open', async () => {
  const served = await serveMetrics();
  const socket = net.connect(served.port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.once('close', resolve).on('error', () => {}));
  await new Promise((resolve) => socket.once('connect', resolve));
  await served.close();
  await closed;
  await assert.rejects(new Promise((_, reject) => http.get(served.url).on('error', reject)), { code: 'ECONNREFUSED' });
});

test('the port does not hold the process, and a look at metrics starts nothing', { timeout: 20_000 }, () => {
  const script = `
    const { metrics, serveMetrics } = require(${JSON.stringify(path.join(__dirname, '../..'))});
    const { request } = require(${JSON.stringify(path.join(__dirname, '../support/net/http'))});
    serveMetrics().then(async ({ url }) => {
      const { text } = await request(url);
      console.log(text.includes('event_loop'), text.includes('grpc_client'), text.includes('channels'));
    });`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 15_000 });
  assert.deepEqual([status, stdout.trim()], [0, 'true false false'], stderr);
});
