'use strict';

// Fields that a message does not have are lost on the way: the log says so, once.
// Only the first messages of a method are looked at, so each test has methods of
// its own.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { Server, createClient, setLogger } = require('../..');
const grpcTools = require('../../lib/dropin/grpcTools');
const { callers, counting, type: fourKinds } = require('../support/grpc/four-kinds');

const LIMIT = { timeout: 30_000 };
/** What the module says of itself. */
const LOOKS = 8;

/** A server with a client, and what is logged of their messages. */
async function pair(t, type, impl) {
  const logged = [];
  setLogger({ warn: (text) => logged.push(text) });
  const server = new Server().addService(type, impl);
  const client = createClient(type, `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
  t.after(async () => {
    setLogger(null);
    client.close();
    await server.stop({ graceMs: 0 });
  });
  return { client, logged };
}

test('a field that the request does not have is told once, with the one that may have been meant, or with all', LIMIT, async (t) => {
  const { client, logged } = await pair(t, 'webrtc', { publish: async ({ request }) => ({ id: request.id }) });
  for (let n = 0; n < 3; n++) assert.deepEqual(await client.publish({ idd: 'x', type: 'webrtc', colour: 'red' }), { id: '' });
  let reads = 0;
  await client.publish({ get iq() { reads++; return 1; }, get media() { reads++; return null; }, tpye: 'webrtc' });
  assert.equal(reads, 1, 'the encoder reads what it sends');
  assert.deepEqual(logged, [
    'owt-grpc: publish: the request has a field that owt.PublishRequest does not know: idd; did you mean id?',
    'owt-grpc: publish: the request has a field that owt.PublishRequest does not know: colour; it knows id, type, media, option, domain',
    'owt-grpc: publish: the request has a field that owt.PublishRequest does not know: iq; it knows id, type, media, option, domain',
    'owt-grpc: publish: the request has a field that owt.PublishRequest does not know: tpye; did you mean type?',
  ]);
});

test('messages inside of a request are looked at, and the first one of a list', LIMIT, async (t) => {
  const { client, logged } = await pair(t, 'webrtc', { processSignaling: async () => ({}) });
  const candidate = { sdpMid: '0', sdpMlineIndex: '0' };
  await client.processSignaling({ id: 'x', signaling: { tpye: 'offer', candidate, candidates: [{ candidat: '' }, { other: 1 }] } });
  assert.deepEqual(logged, [
    'owt-grpc: processSignaling: the request has a field that owt.SignalingMessage does not know: signaling.tpye; did you mean type?',
    'owt-grpc: processSignaling: the request has a field that owt.SignalingMessage.CandidateObject does not know: signaling.candidate.sdpMlineIndex; did you mean sdpMLineIndex?',
    'owt-grpc: processSignaling: the request has a field that owt.SignalingMessage.CandidateObject does not know: signaling.candidates.candidat; did you mean candidate?',
  ]);
});

test('what is absent, inherited, a function, or the name of a oneof is no unknown field', LIMIT, async (t) => {
  const received = [];
  const { client, logged } = await pair(t, 'webrtc', {
    linkup: async ({ request }) => ({ message: String(received.push(request)) }),
    processSignaling: async ({ request }) => ({ message: String(received.push(request)) }),
  });
  class Request {
    constructor() { this.id = 'x'; }
    get inherited() { return 1; }
    method() {}
  }
  await client.linkup(new Request());
  await client.linkup(Object.assign(Object.create({ inherited: 1 }), { id: 'x' }));
  await client.linkup({ id: 'x', absent: undefined, none: null, method() {}, [Symbol('x')]: 1 });
  const signaling = { type: 'offer', sdp: 'v=0', candidate: { sdpMid: '0' } };
  await client.processSignaling({ id: 'x', signaling });
  const decoded = received[3];
  assert.equal(decoded.signaling._sdp, 'sdp');
  await client.processSignaling(decoded);
  assert.deepEqual(received[4], decoded);
  assert.deepEqual(logged, []);
});

test('requests and replies of every kind of call are looked at, each for itself', LIMIT, async (t) => {
  const { impl } = counting();
  const { client, logged } = await pair(t, fourKinds, {
    ...impl,
    unary: async () => ({ unary: 1 }),
    async *serverStream() { yield { message: '' }; yield { serverStream: 1 }; },
    clientStream: async () => ({ clientStream: 1 }),
    async *bidiStream() { yield { bidiStream: 1 }; },
  });
  for (const { call } of Object.values(callers)) await call(client, { nobodys: 1 });
  const told = (method, what, field) => `owt-grpc: ${method}: the ${what} has a field that owt.SimpleReply does not know: ${field}; it knows message`;
  const methods = ['unary', 'serverStream', 'clientStream', 'bidiStream'];
  assert.deepEqual(logged.sort(), methods.flatMap((method) => [told(method, 'request', 'nobodys'), told(method, 'reply', method)]).sort());
});

test('an object that is no message at all does not fill the log', LIMIT, async (t) => {
  const { client, logged } = await pair(t, 'webrtc', { createTransport: async () => ({}) });
  const rooms = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`room${n}`, n]));
  await client.createTransport(rooms);
  assert.equal(logged.length, 4);
});

test(`behind the first ${LOOKS} messages of a method no more are looked at, of all its clients`, LIMIT, async (t) => {
  const { client, logged } = await pair(t, 'webrtc', { cutoff: async () => ({}) });
  let looks = 0;
  const request = new Proxy({ idd: 'x' }, { ownKeys: (target) => (looks++, Reflect.ownKeys(target)) });
  for (let n = 0; n < LOOKS + 2; n++) await client.cutoff(request);
  assert.equal(looks, LOOKS);
  const other = createClient('webrtc', '127.0.0.1:1');
  t.after(() => other.close());
  await assert.rejects(other.cutoff({ ...request, more: 1 }));
  assert.equal(logged.length, 1);
});

test('a request that throws when it is asked for its names is sent, if it has its fields', LIMIT, async (t) => {
  const { client, logged } = await pair(t, 'webrtc', { unpublish: async ({ request }) => ({ message: request.id }) });
  const request = new Proxy({ id: 'x' }, { ownKeys() { throw new Error('no names'); } });
  assert.equal((await client.unpublish(request)).message, 'x');
  assert.deepEqual(logged, []);
});

test("the drop-in takes requests and replies as OWT's modules have them, without a word", LIMIT, async (t) => {
  const logged = [];
  setLogger({ warn: (text) => logged.push(text) });
  const port = await grpcTools.startServer('quic', { publish: (_call, callback) => callback(null, { id: 'x', more: 1 }) });
  const client = grpcTools.startClient('quic', `127.0.0.1:${port}`);
  t.after(async () => {
    setLogger(null);
    client.close();
    await grpcTools.stopServer(port, { graceMs: 0 });
  });
  await new Promise((resolve, reject) => client.publish({ idd: 'x' }, (error) => (error ? reject(error) : resolve())));
  assert.deepEqual(logged, []);
});
