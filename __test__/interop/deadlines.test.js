'use strict';

const assert = require('node:assert').strict;
const { once } = require('node:events');
const net = require('node:net');
const { test } = require('node:test');
const { ask, inAllPairings, ours, record } = require('../support/grpc/peers');
const { abortedSignal, timeoutSignal } = require('../support/grpc/signals');

const soon = (ms) => new Date(Date.now() + ms);

inAllPairings('a call that is not answered ends at its deadline, and the server sees it', async ({ connect }) => {
  let cancelled;
  const gone = new Promise((resolve) => (cancelled = resolve));
  let left;
  const { client } = await connect('webrtc', {
    publish(call, _callback) {
      left = +call.getDeadline() - Date.now();
      call.on('cancelled', cancelled);
    },
  });
  // Connecting takes none of the time: a call that does not reach the server ends nowhere.
  await ask(client, 'unpublish', {});
  const { error } = await ask(client, 'publish', {}, { deadline: soon(600) });
  assert.equal(error.code, 4);
  assert.match(error.message, /^4 DEADLINE_EXCEEDED: /);
  await gone;
  assert.ok(left > 0 && left <= 610, `${left} ms were left`);
});

inAllPairings('a stream ends at its deadline', async ({ connect }) => {
  const { client } = await connect('webrtc', { listenToNotifications: (call) => call.write({ name: 'n' }) });
  const { events, status } = await record(client.listenToNotifications({}, { deadline: soon(300) }));
  assert.equal(status.code, 4);
  assert.deepEqual(events, ['metadata', 'data', 'error', 'status', 'end', 'close']);
});

inAllPairings('a deadline that has passed fails the call without sending it', async ({ connect }) => {
  let called = 0;
  const { client } = await connect('webrtc', {
    publish(call, callback) {
      called++;
      callback(null, {});
    },
  });
  const { error } = await ask(client, 'publish', {}, { deadline: soon(-1000) });
  assert.equal(error.code, 4);
  assert.equal((await ask(client, 'publish', {}, { deadline: soon(5000) })).error, null);
  assert.equal(called, 1);
});

inAllPairings('cancelling a call ends it with code 1, and its handler sees it', async ({ connect }) => {
  let arrived;
  const there = new Promise((resolve) => (arrived = resolve));
  const { client } = await connect('webrtc', {
    publish(call, _callback) {
      arrived({ cancelled: once(call, 'cancelled') });
    },
  });
  let call;
  const failed = new Promise((resolve) => (call = client.publish({}, resolve)));
  const { cancelled } = await there;
  call.cancel();
  assert.equal((await failed).code, 1);
  await cancelled;
});

test('the deadline covers connecting to a peer that never says a word', { timeout: 20_000 }, async (t) => {
  const sockets = [];
  const hole = net.createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(hole, 'listening');
  const client = ours.client('webrtc', hole.address().port);
  t.after(() => {
    client.close();
    for (const socket of sockets) socket.destroy();
    hole.close();
  });
  const started = Date.now();
  await assert.rejects(client.publish({}, { timeout: 300 }), (error) => {
    assert.equal(error.code, 4);
    assert.match(error.details, /while connecting to 127\.0\.0\.1:\d+ \(\/owt\.WebRTCAgent\/Publish\)/);
    return true;
  });
  assert.ok(Date.now() - started >= 295);
});

test('timeout, deadline as number, and an AbortSignal end a call of the async API', { timeout: 20_000 }, async (t) => {
  const serving = await ours.serve('webrtc', { publish(_call, _callback) {} });
  const client = ours.client('webrtc', serving.port);
  t.after(async () => {
    client.close();
    await serving.stop();
  });
  await assert.rejects(client.publish({}, { timeout: 50 }), { code: 4 });
  await assert.rejects(client.publish({}, { deadline: Date.now() + 50, timeout: 60_000 }), { code: 4 });
  await assert.rejects(client.publish({}, { signal: timeoutSignal(50) }), { code: 1 });
  await assert.rejects(client.publish({}, { signal: abortedSignal() }), { code: 1 });
  await assert.rejects(client.publish({}, { deadline: new Date('no date') }), (error) => error.code === 3 && /deadline/.test(error.details));
  await assert.rejects(client.publish({}, { timeout: 'soon' }), (error) => error.code === 3 && /timeout/.test(error.details));
});

test('the signal of a server call is aborted when its client goes', { timeout: 20_000 }, async (t) => {
  let aborted;
  const gone = new Promise((resolve) => (aborted = resolve));
  const serving = await ours.serve('webrtc', {
    publish(call, _callback) {
      call.signal.addEventListener('abort', aborted);
    },
  });
  const client = ours.client('webrtc', serving.port);
  t.after(async () => {
    client.close();
    await serving.stop();
  });
  await assert.rejects(client.publish({}, { timeout: 50 }), { code: 4 });
  await gone;
});
