'use strict';

const assert = require('node:assert').strict;
const { once } = require('node:events');
const { test } = require('node:test');
const { HealthImplementation } = require('grpc-health-check');
const { Server, createClient } = require('../..');
const { startServer, stopServer } = require('../../lib/dropin/grpcTools');
const { eventually } = require('../support/bus');
const { ask } = require('../support/grpc/peers');
const { healthClient, reader, serve, serveTheirs } = require('../support/grpc/standard');

const LIMIT = { timeout: 20_000 };
const HEALTH = 'grpc.health.v1.Health';

test('Check and List tell of the server and its services; what it does not know is NOT_FOUND', LIMIT, async (t) => {
  const { server, port } = await serve(t, { webrtc: {}, nodeManager: {} });
  const client = healthClient(t, port);
  const check = (service) => ask(client, 'check', { service });
  assert.deepEqual((await check('')).reply, { status: 'SERVING' });
  assert.deepEqual((await check('owt.WebRTCAgent')).reply, { status: 'SERVING' });
  const { error } = await check('owt.VideoAgent');
  assert.equal(error.code, 5);
  assert.match(error.details, /owt\.VideoAgent/);
  // A text as long as the name would be a header that clients refuse.
  assert.equal((await check('é'.repeat(100_000))).error.code, 5);
  server.setHealth('webrtc', 'NOT_SERVING').setHealth('a part of it', 'UNKNOWN');
  assert.deepEqual((await check('owt.WebRTCAgent')).reply, { status: 'NOT_SERVING' });
  assert.deepEqual((await ask(client, 'list', {})).reply, {
    statuses: {
      '': { status: 'SERVING' },
      'owt.WebRTCAgent': { status: 'NOT_SERVING' },
      'owt.NodeManager': { status: 'SERVING' },
      'a part of it': { status: 'UNKNOWN' },
    },
  });
});

test('what is set before a server listens, or before its service is added, stays set', LIMIT, async (t) => {
  const server = new Server({ health: true }).setHealth('webrtc', 'NOT_SERVING').addService('webrtc', {});
  const client = healthClient(t, await server.listen('127.0.0.1:0'));
  t.after(() => server.stop({ graceMs: 0 }));
  assert.deepEqual((await ask(client, 'check', { service: 'owt.WebRTCAgent' })).reply, { status: 'NOT_SERVING' });
});

test('Watch tells the state at once and at each change, and of a service that becomes known', LIMIT, async (t) => {
  const { server, port } = await serve(t, { webrtc: {} });
  const client = healthClient(t, port);
  const known = reader(client.watch({ service: 'owt.WebRTCAgent' }));
  const unknown = reader(client.watch({ service: 'later' }));
  assert.deepEqual(await known.next(), { status: 'SERVING' });
  assert.deepEqual(await unknown.next(), { status: 'SERVICE_UNKNOWN' });
  server.setHealth('webrtc', 'SERVING').setHealth('webrtc', 'NOT_SERVING').setHealth('later', 'SERVING');
  assert.deepEqual(await known.next(), { status: 'NOT_SERVING' });
  assert.deepEqual(await unknown.next(), { status: 'SERVING' });
  server.setHealth('webrtc', 'UNKNOWN');
  assert.deepEqual(await known.next(), { status: 'UNKNOWN' });
});

test('stop() tells watchers NOT_SERVING, lets them go, and does not wait for them', LIMIT, async (t) => {
  const { server, port } = await serve(t, { webrtc: {} });
  const client = healthClient(t, port);
  const watches = ['', 'owt.WebRTCAgent', 'never known'].map((service) => reader(client.watch({ service })));
  for (const watch of watches) await watch.next();
  const stopped = server.stop({ graceMs: 10_000 });
  for (const watch of watches.slice(0, 2)) assert.deepEqual(await watch.next(), { status: 'NOT_SERVING' });
  for (const watch of watches) {
    const { error } = await watch.next();
    assert.equal(error.code, 14);
    assert.equal(error.details, 'The server is stopping');
  }
  assert.equal(await stopped, 0);
  // An orderly end that overlaps with it is no error.
  server.setHealth('webrtc', 'SERVING');
});

test('watchers are told before the calls under way have ended', LIMIT, async (t) => {
  let answer;
  const { server, port } = await serve(t, {
    webrtc: {
      publish(_call, callback) {
        answer = callback;
        server.stop();
      },
    },
  });
  const client = healthClient(t, port);
  const caller = createClient('webrtc', `127.0.0.1:${port}`);
  t.after(() => caller.close());
  const watch = reader(client.watch({ service: '' }));
  assert.deepEqual(await watch.next(), { status: 'SERVING' });
  const pending = caller.publish({});
  assert.deepEqual(await watch.next(), { status: 'NOT_SERVING' });
  answer(null, { id: 'p' });
  assert.deepEqual(await pending, { id: 'p' });
});

test('a watcher that does not read costs no memory, and is told the latest state when it does', LIMIT, async (t) => {
  const { server, port } = await serve(t, { webrtc: {} });
  const stream = healthClient(t, port).watch({ service: '' });
  await once(stream, 'metadata');
  const changes = 200_000;
  for (let n = 0; n < changes; n++) server.setHealth('', n % 2 ? 'SERVING' : 'NOT_SERVING');
  server.setHealth('', 'UNKNOWN');
  let told = 0;
  for await (const { status } of stream) {
    told++;
    if (status === 'UNKNOWN') break;
  }
  assert.ok(told < changes / 2, `${told} messages of ${changes} changes`);
});

test('a watcher that leaves is forgotten', LIMIT, async (t) => {
  const { server, port } = await serve(t, { webrtc: {} });
  const stream = healthClient(t, port).watch({ service: '' });
  stream.on('error', () => {});
  await once(stream, 'data');
  assert.equal(server.health.watchers.size, 1);
  stream.cancel();
  await eventually(() => server.health.watchers.size === 0, 'the watcher is forgotten');
  server.setHealth('', 'NOT_SERVING');
});

test('a client of ours asks the server of grpc-health-check', LIMIT, async (t) => {
  const health = new HealthImplementation({ '': 'SERVING', mine: 'NOT_SERVING' });
  const port = await serveTheirs(t, (server) => health.addToServer(server));
  const client = createClient(HEALTH, `127.0.0.1:${port}`);
  t.after(() => client.close());
  assert.deepEqual(await client.check({ service: 'mine' }), { status: 'NOT_SERVING' });
  await assert.rejects(client.check({ service: 'other' }), { code: 5 });
  assert.deepEqual(await client.list({}), { statuses: { '': { status: 'SERVING' }, mine: { status: 'NOT_SERVING' } } });
  const watch = reader(client.watch({ service: 'mine' }));
  assert.deepEqual(await watch.next(), { status: 'NOT_SERVING' });
  health.setStatus('mine', 'SERVING');
  assert.deepEqual(await watch.next(), { status: 'SERVING' });
});

test('OWT_GRPC_HEALTH gives the servers of startServer the service, and what they hide is not its answers', LIMIT, async (t) => {
  process.env.OWT_GRPC_HEALTH = '1';
  t.after(() => delete process.env.OWT_GRPC_HEALTH);
  const port = await startServer('sip', {});
  t.after(() => stopServer(port, { graceMs: 0 }));
  const client = healthClient(t, port);
  assert.deepEqual((await ask(client, 'check', { service: 'owt.SipAgent' })).reply, { status: 'SERVING' });
  assert.equal((await ask(client, 'check', { service: 'sip' })).error.code, 5);
});

test('a server that was not asked for the service has none', LIMIT, async (t) => {
  const { server, port } = await serve(t, { webrtc: {} }, { health: false });
  assert.equal((await ask(healthClient(t, port), 'check', {})).error.code, 12);
  assert.throws(() => server.setHealth('webrtc', 'SERVING'), /setHealth\('webrtc'\): this server has no health service: make it with \{ health: true \}/);
});

test('what cannot be set is refused with what can', () => {
  const server = new Server({ health: true });
  assert.throws(() => server.setHealth('webrtc', 'DOWN'), /setHealth\('owt.WebRTCAgent'\): the state must be one of SERVING, NOT_SERVING, UNKNOWN, not DOWN/);
  assert.throws(() => server.setHealth('webrtc', 'SERVICE_UNKNOWN'), TypeError);
  assert.throws(() => server.setHealth(undefined, 'SERVING'), /must be a string, not undefined/);
  assert.throws(() => new Server({ health: 'yes' }), /option health must be true or false, not yes/);
});
