'use strict';

// How long a server lets connections and calls stay, and how many.

const assert = require('node:assert').strict;
const { once } = require('node:events');
const net = require('node:net');
const { test } = require('node:test');
const { Server, createClient, setLogger, status } = require('../..');
const { serviceOf } = require('../../lib/grpc/contract');
const { theirs } = require('../support/grpc/peers');
const { RawClient, message } = require('../support/net/raw-http2');

const LIMIT = { timeout: 20_000 };
const PUBLISH = serviceOf('webrtc').methods.find(({ originalName }) => originalName === 'publish').path;

async function serve(t, options, impl = { publish: async (call) => ({ id: call.request.id }) }) {
  const server = new Server(options).addService('webrtc', impl);
  const port = await server.listen('127.0.0.1:0');
  t.after(() => server.stop({ graceMs: 0 }));
  return { server, port };
}

function clientOf(t, port) {
  const client = createClient('webrtc', `127.0.0.1:${port}`);
  t.after(() => client.close());
  return client;
}

/** What is logged until the test ends; `next` waits for a line. */
function listen(t) {
  const lines = [];
  let came = () => {};
  setLogger({ warn: (text) => (lines.push(text), came()) });
  t.after(() => setLogger(null));
  return {
    lines,
    async has(pattern) {
      while (!lines.some((line) => pattern.test(line))) await new Promise((resolve) => (came = resolve));
    },
  };
}

test('a connection without calls is asked to go, and its client makes another', LIMIT, async (t) => {
  const { server, port } = await serve(t, { maxConnectionIdleMs: 50 });
  for (const client of [clientOf(t, port), theirs.client('webrtc', port)]) {
    const call = (id) => new Promise((resolve, reject) => client.publish({ id }, (error, reply) => (error ? reject(error) : resolve(reply.id))));
    for (const id of ['1', '2', '3']) {
      assert.equal(await call(id), id);
      while (server.stats().connections > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    client.close();
  }
});

test('a call under way keeps a connection from being idle', LIMIT, async (t) => {
  let answer;
  const { port } = await serve(t, { maxConnectionIdleMs: 20 }, { publish: (_call, callback) => (answer = () => callback(null, { id: 'late' })) });
  const client = clientOf(t, port);
  const reply = client.publish({});
  await new Promise((resolve) => setTimeout(resolve, 200));
  answer();
  assert.equal((await reply).id, 'late');
  assert.equal(client.stats().connections, 1);
});

test('an old connection is asked to go, and what is left after its grace is told why', LIMIT, async (t) => {
  const { port } = await serve(t, { maxConnectionAgeMs: 100, maxConnectionAgeGraceMs: 50 }, { publish: async () => ({}), listenToNotifications: () => {} });
  const client = clientOf(t, port);
  const stream = client.listenToNotifications({});
  stream.resume();
  const [error] = await once(stream, 'error');
  assert.equal(error.code, status.UNAVAILABLE);
  assert.equal(error.details, 'The connection has reached the age that the server allows');
  await client.publish({});
  assert.equal(client.stats().connections, 2);
});

test('a connection without a first call is closed, and the log says so', LIMIT, async (t) => {
  const { port } = await serve(t, { firstCallTimeoutMs: 100 });
  const log = listen(t);
  const silent = await RawClient.connect(port);
  await silent.closed;
  await log.has(/connection \d+ was closed: no call came within the 100 ms of firstCallTimeoutMs/);
  const quick = await RawClient.connect(port);
  const stream = await quick.open(PUBLISH);
  await quick.data(stream, message(Buffer.alloc(0)), { end: true });
  await quick.has(() => quick.ended.has(stream));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(quick.isClosed, false);
  quick.close();
});

test('one connection more than maxConnections is closed, and those that stand are served', LIMIT, async (t) => {
  const { server, port } = await serve(t, { maxConnections: 2 });
  const log = listen(t);
  const clients = [clientOf(t, port), theirs.client('webrtc', port)];
  t.after(() => clients[1].close());
  await clients[0].publish({});
  await new Promise((resolve, reject) => clients[1].publish({}, (error) => (error ? reject(error) : resolve())));
  for (let n = 0; n < 3; n++) {
    const socket = net.connect(port, '127.0.0.1').on('error', () => {});
    await new Promise((resolve) => socket.once('close', resolve));
  }
  await log.has(/2 connections stand, as many as maxConnections allows/);
  await clients[0].publish({});
  clients[1].close();
  while (server.stats().connections > 1) await new Promise((resolve) => setTimeout(resolve, 10));
  // It is over when nobody was turned away for a second.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const client = await RawClient.connect(port);
  t.after(() => client.close());
  const stream = await client.open(PUBLISH);
  await client.data(stream, message(Buffer.alloc(0)), { end: true });
  await client.has(() => client.ended.has(stream));
  assert.equal(client.isClosed, false);
  await log.has(/connections are accepted again, after \d+ failures/);
  assert.equal(log.lines.length, 2, log.lines.join('\n'));
});

test('a call may not take longer than maxCallMs, whatever its client says', LIMIT, async (t) => {
  const { port } = await serve(t, { maxCallMs: 50 }, { publish: () => {}, listenToNotifications: () => {} });
  const client = clientOf(t, port);
  const expected = { code: status.DEADLINE_EXCEEDED, details: /the 50 ms of the server's maxCallMs/ };
  await assert.rejects(client.publish({}), expected);
  await assert.rejects(client.publish({}, { deadline: Date.now() + 10_000 }), expected);
  await assert.rejects(async () => {
    for await (const _ of client.listenToNotifications({}));
  }, expected);
  const asked = await assert.rejects(client.publish({}, { deadline: Date.now() + 10 }), { code: status.DEADLINE_EXCEEDED });
  assert.equal(asked, undefined);
});

test('each of these options is a whole number from 1', () => {
  for (const name of ['maxConnections', 'firstCallTimeoutMs', 'maxConnectionIdleMs', 'maxConnectionAgeMs', 'maxConnectionAgeGraceMs', 'maxCallMs']) {
    for (const wrong of [0, -1, 1.5, '5', Infinity]) {
      assert.throws(() => new Server({ [name]: wrong }), new RegExp(`server: option ${name} must be a whole number from 1`));
    }
  }
});
