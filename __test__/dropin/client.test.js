'use strict';

const assert = require('node:assert').strict;
const { once } = require('node:events');
const { test } = require('node:test');
const { startClient } = require('../../lib/dropin/grpcTools');
const { ask, record, theirs } = require('../support/grpc/peers');

const LIMIT = { timeout: 20_000 };

/** A server of grpc-js, as an old peer is, and a client of the drop-in. */
async function connect(t, impl) {
  const serving = await theirs.serve('webrtc', impl);
  const client = startClient('webrtc', `127.0.0.1:${serving.port}`);
  t.after(async () => {
    client.close();
    await serving.stop();
  });
  return { client, serving };
}

test('startClient throws for an unknown type and for an address that is none', () => {
  assert.throws(() => startClient('vido', 'localhost:1'), /^Error: Invalid proto type:vido/);
  for (const address of [undefined, null, 10080, {}]) {
    assert.throws(() => startClient('video', address), { message: 'Channel target must be a string' });
  }
  for (const address of ['', 'localhost', 'localhost:', 'localhost:70000', ':1', 'a b:1']) {
    assert.throws(() => startClient('video', address), new RegExp('Channel target ".*expected host:port'), address);
  }
});

test('a call may have a deadline or none; the callback gets null and the reply', LIMIT, async (t) => {
  const { client } = await connect(t, { publish: (call, callback) => callback(null, { id: call.request.id }) });
  const plain = await new Promise((resolve) => client.publish({ id: 'a' }, (...all) => resolve(all)));
  assert.deepEqual(plain.slice(0, 2), [null, { id: 'a' }]);
  const deadline = new Date(Date.now() + 2000);
  const timed = await new Promise((resolve) => client.publish({ id: 'b' }, { deadline }, (...all) => resolve(all)));
  assert.deepEqual(timed.slice(0, 2), [null, { id: 'b' }]);
});

test('errors have code, details, metadata and the message that OWT shows to users', LIMIT, async (t) => {
  const { client } = await connect(t, {
    publish: (call, callback) => callback(new Error('No scheduler for purpose: webrtc'), null),
    subscribe() {},
  });
  const { error, reply } = await ask(client, 'publish', {});
  assert.equal(error.message, '2 UNKNOWN: No scheduler for purpose: webrtc');
  assert.equal(error.code, 2);
  assert.equal(error.details, 'No scheduler for purpose: webrtc');
  assert.deepEqual(error.metadata.get('why'), []);
  assert.equal(reply, undefined);
  const late = await ask(client, 'subscribe', {}, { deadline: new Date(Date.now() + 100) });
  assert.match(late.error.message, /^4 DEADLINE_EXCEEDED: /);
});

test('nobody at the address: UNAVAILABLE at once, naming it', LIMIT, async (t) => {
  const { client, serving } = await connect(t, {});
  await serving.stop();
  const { error } = await ask(client, 'publish', {});
  assert.equal(error.code, 14);
  assert.match(error.message, new RegExp(`^14 UNAVAILABLE: No connection established to 127.0.0.1:${serving.port}: .*refused`));
});

test('after close() calls throw, pending ones finish, and closing twice is harmless', LIMIT, async (t) => {
  let answer;
  const arrived = new Promise((resolve) => (answer = resolve));
  const { client } = await connect(t, { publish: (call, callback) => answer(callback) });
  const pending = ask(client, 'publish', {});
  const callback = await arrived;
  client.close();
  client.close();
  assert.throws(() => client.publish({}, () => {}), { message: 'Channel has been shut down' });
  assert.throws(() => client.listenToNotifications({}), { message: 'Channel has been shut down' });
  callback(null, { id: 'after all' });
  assert.equal((await pending).reply.id, 'after all');
});

test('close() ends an open stream quietly: no error, no end', LIMIT, async (t) => {
  let cancelled;
  const gone = new Promise((resolve) => (cancelled = resolve));
  const { client } = await connect(t, {
    listenToNotifications(call) {
      call.on('cancelled', cancelled);
      call.write({ name: 'first' });
    },
  });
  const stream = client.listenToNotifications({});
  const heard = [];
  for (const event of ['error', 'end']) stream.on(event, () => heard.push(event));
  await once(stream, 'data');
  client.close();
  await gone;
  assert.deepEqual(heard, []);
});

test('streams tell their events in the order of grpc-js', LIMIT, async (t) => {
  const { client } = await connect(t, {
    listenToNotifications(call) {
      call.write({ name: 'first' });
      if (call.request.id === 'end') call.end();
      if (call.request.id === 'fail') call.emit('error', Object.assign(new Error('x'), { code: 5, details: 'gone' }));
    },
  });
  const ended = await record(client.listenToNotifications({ id: 'end' }));
  assert.deepEqual(ended.events, ['metadata', 'data', 'status', 'end', 'close']);
  assert.equal(ended.status.code, 0);
  const failed = await record(client.listenToNotifications({ id: 'fail' }));
  assert.deepEqual(failed.events, ['metadata', 'data', 'error', 'status', 'end', 'close']);
  assert.equal(failed.status.code, 5);
  const stream = client.listenToNotifications({ id: 'cancel' });
  stream.once('data', () => stream.cancel());
  const cancelled = await record(stream);
  assert.deepEqual(cancelled.events, ['metadata', 'data', 'error', 'status', 'end', 'close']);
  assert.equal(cancelled.status.code, 1);
});

test('replies are plain objects as proto-loader makes them, and may be changed', LIMIT, async (t) => {
  const { client } = await connect(t, { publish: (call, callback) => callback(null, { id: 'p' }) });
  const { reply } = await ask(client, 'publish', {});
  assert.equal(Object.getPrototypeOf(reply), Object.prototype);
  reply.id = 'changed';
  reply.more = true;
  assert.deepEqual(reply, { id: 'changed', more: true });
});
