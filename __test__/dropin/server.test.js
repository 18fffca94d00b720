'use strict';

const assert = require('node:assert').strict;
const { once } = require('node:events');
const { test } = require('node:test');
const { startClient, startServer, stopServer } = require('../../lib/dropin/grpcTools');
const { ask, record, theirs } = require('../support/grpc/peers');

const LIMIT = { timeout: 20_000 };

/** A server of the drop-in and a client of it, both ended with the test. */
async function serve(t, type, impl) {
  const port = await startServer(type, impl);
  const client = startClient(type, `127.0.0.1:${port}`);
  t.after(async () => {
    client.close();
    await stopServer(port, { graceMs: 0 });
  });
  return { client, port };
}

test('startServer gives the port, and several services live in one process', LIMIT, async (t) => {
  const { client, port } = await serve(t, 'audio', { init: (call, callback) => callback(null, { id: call.request.id }) });
  const other = await serve(t, 'nodeManager', { getNode: (call, callback) => callback(null, { message: 'n1' }) });
  assert.equal(typeof port, 'number');
  assert.notEqual(port, other.port);
  assert.equal((await ask(client, 'init', { id: 'a' })).error, null);
  assert.equal((await ask(other.client, 'getNode', {})).reply.message, 'n1');
});

test('startServer refuses a type that it does not know, and names those it knows', LIMIT, async () => {
  await assert.rejects(startServer('vido', {}), /^Error: Invalid proto type:vido \(known types: .*video/);
  await assert.rejects(startServer('internal', {}), /Invalid proto type:internal/);
});

test('a port in use is refused with its address and what to do; once stopped it is free', LIMIT, async (t) => {
  const { port } = await serve(t, 'webrtc', {});
  await assert.rejects(startServer('webrtc', {}, port), (error) => {
    assert.equal(error.code, 'EADDRINUSE');
    assert.match(error.message, new RegExp(`Cannot listen on 0.0.0.0:${port}: .*choose another port`));
    return true;
  });
  const passing = await startServer('sip', {});
  await assert.rejects(stopServer(passing, { graceMS: 0 }), TypeError);
  assert.equal(await startServer('sip', {}, passing), passing, 'it was stopped all the same');
  await stopServer(passing);
  await assert.rejects(stopServer(passing), new RegExp(`port ${passing}`));
});

test('a handler that throws is answered "Unknown error", and the server goes on', LIMIT, async (t) => {
  const { client } = await serve(t, 'webrtc', {
    publish() {
      throw new Error('not for others');
    },
    async subscribe() {
      throw new Error('Subscription does NOT exist');
    },
    unpublish: (call, callback) => callback(null, 'ok'),
  });
  assert.equal((await ask(client, 'publish', {})).error.message, '2 UNKNOWN: Unknown error');
  const { error } = await ask(client, 'subscribe', {});
  assert.equal(error.message, '2 UNKNOWN: Subscription does NOT exist');
  assert.equal(error.code, 2);
  assert.deepEqual((await ask(client, 'unpublish', {})).reply, {});
});

test('the first callback wins, whatever follows it', LIMIT, async (t) => {
  const { client } = await serve(t, 'conference', {
    async join(call, callback) {
      callback(new Error('Room is full'), null);
      callback(null, { permission: {} });
      throw new Error('too late');
    },
  });
  assert.equal((await ask(client, 'join', {})).error.message, '2 UNKNOWN: Room is full');
});

test('handlers are bound to their object once, extra keys are ignored, missing ones answer UNIMPLEMENTED', LIMIT, async (t) => {
  const impl = {
    text: 'mine',
    drawText() {},
    makeCall(call, callback) {
      callback(null, { message: this.text });
    },
  };
  const { client } = await serve(t, 'sip', impl);
  impl.makeCall = () => assert.fail('replaced later');
  assert.equal((await ask(client, 'makeCall', {})).reply.message, 'mine');
  assert.equal((await ask(client, 'drop', {})).error.code, 12);
});

test('camelCase and proto names work on both sides', LIMIT, async (t) => {
  const handled = [];
  const { client } = await serve(t, 'audio', {
    enableVad: (call, callback) => callback(null, { message: String(handled.push('enableVad')) }),
    ResetVAD: (call, callback) => callback(null, { message: String(handled.push('ResetVAD')) }),
  });
  for (const name of ['enableVad', 'EnableVAD', 'resetVad', 'ResetVAD']) {
    assert.equal((await ask(client, name, {})).error, null, name);
  }
  assert.deepEqual(handled, ['enableVad', 'enableVad', 'ResetVAD', 'ResetVAD']);
});

/** Each way a notification stream can end, and what its handler hears. */
const ENDINGS = {
  'the handler ends it': { end: (_client, call) => call.end(), cancelled: false },
  'the client cancels it': { end: (_client, _call, stream) => stream.cancel(), cancelled: true },
  'the client closes': { end: (client) => client.close(), cancelled: true },
  'its deadline passes': { options: { deadline: 300 }, end() {}, cancelled: true },
};

for (const [name, { end, options = {}, cancelled }] of Object.entries(ENDINGS)) {
  test(`"close" comes once on the server when ${name}, and write and end are harmless then`, LIMIT, async (t) => {
    const heard = [];
    let arrived;
    const there = new Promise((resolve) => (arrived = resolve));
    const { client } = await serve(t, 'webrtc', {
      listenToNotifications(call) {
        call.on('cancelled', (reason) => {
          heard.push(`cancelled ${reason}`);
          call.end();
        });
        call.on('close', () => heard.push('close'));
        call.write({ name: 'first' });
        arrived(call);
      },
    });
    const deadline = options.deadline ? { deadline: new Date(Date.now() + options.deadline) } : {};
    const stream = client.listenToNotifications({ id: 'c' }, deadline);
    stream.on('error', () => {});
    await once(stream, 'data');
    const call = await there;
    const closed = once(call, 'close');
    stream.resume();
    end(client, call, stream);
    await closed;
    assert.equal(call.write({ name: 'late' }), false);
    call.end();
    call.end();
    assert.equal(heard.filter((event) => event === 'close').length, 1);
    assert.equal(heard.includes('cancelled cancelled'), cancelled);
  });
}

test('"close" comes when the connection of the client is lost', LIMIT, async (t) => {
  let arrived;
  const there = new Promise((resolve) => (arrived = resolve));
  const { port } = await serve(t, 'webrtc', { listenToNotifications: arrived });
  const http2 = require('node:http2').connect(`http://127.0.0.1:${port}`);
  http2.on('error', () => {});
  const request = http2.request({
    ':method': 'POST',
    ':path': '/owt.WebRTCAgent/ListenToNotifications',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  request.on('error', () => {});
  request.end(Buffer.from([0, 0, 0, 0, 0]));
  const call = await there;
  const closed = once(call, 'close');
  http2.destroy();
  await closed;
  assert.equal(call.cancelled, true);
});

test('a client of grpc-js cannot tell it from the helper it replaces', LIMIT, async (t) => {
  const { port } = await serve(t, 'webrtc', {
    publish: (call, callback) => callback(null, { id: call.request.id }),
    listenToNotifications(call) {
      for (let n = 0; n < 3; n++) call.write({ name: `n${n}` });
      call.end();
    },
  });
  const client = theirs.client('webrtc', port);
  t.after(() => client.close());
  assert.deepEqual((await ask(client, 'publish', { id: 'p' })).reply, { id: 'p' });
  const { events, messages } = await record(client.listenToNotifications({}));
  assert.deepEqual(events, ['metadata', 'data', 'status', 'end', 'close']);
  assert.deepEqual(messages.map(({ name }) => name), ['n0', 'n1', 'n2']);
});
