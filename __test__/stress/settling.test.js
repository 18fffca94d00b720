'use strict';

// Calls of all fates at once, chosen by a seed: each settles exactly once, and
// nothing of them is left.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const fc = require('fast-check');
const { Server, createClient } = require('../..');
const { getBridge } = require('../../lib/crossing/bridge');
const { seed } = require('../support/grpc/arbitrary');
const { rounds } = require('../support/rounds');

const later = (ms, work) => (ms === 0 ? setImmediate(work) : setTimeout(work, ms));

/** What a handler does with a request: its `type` says so. */
const FATES = {
  reply: (call, callback) => callback(null, { id: call.request.id }),
  fail: (_call, callback) => callback(new Error('failed')),
  throw() {
    throw new Error('thrown');
  },
  later: (call, callback) => later(Number(call.request.domain), () => callback(null, { id: call.request.id })),
  never() {},
};

const impl = {
  publish: (call, callback) => FATES[call.request.type](call, callback),
  async *listenToNotifications(call) {
    for (let n = 0; n < Number(call.request.id); n++) yield { name: String(n) };
    if (Number(call.request.id) % 3 === 1) throw new Error('failed');
  },
};

const unaryCall = fc.record({
  kind: fc.constant('unary'),
  fate: fc.constantFrom(...Object.keys(FATES)),
  wait: fc.integer({ min: 0, max: 20 }),
  // Calls that are never answered end by one of these.
  timeout: fc.integer({ min: 1, max: 60 }),
  cancelAfter: fc.option(fc.integer({ min: 0, max: 30 })),
});

const streamCall = fc.record({
  kind: fc.constant('stream'),
  messages: fc.integer({ min: 0, max: 200 }),
  cancelAfter: fc.option(fc.integer({ min: 0, max: 5 })),
});

/** Starts a call; resolves with how often it settled, some time after it did. */
function start(client, call) {
  return new Promise((resolve) => {
    let settled = 0;
    const settle = () => {
      if (++settled === 1) setTimeout(() => resolve(settled), 20);
    };
    let started;
    if (call.kind === 'unary') {
      const request = { id: 'x', type: call.fate, domain: String(call.wait) };
      started = client.publish(request, { timeout: call.timeout }, settle);
    } else {
      started = client.listenToNotifications({ id: String(call.messages) });
      started.on('status', settle).on('error', () => {}).resume();
    }
    if (call.cancelAfter !== null) later(call.cancelAfter, () => started.cancel());
  });
}

test(`every call settles exactly once and leaves nothing behind (SEED=${seed})`, { timeout: 60_000 }, async (t) => {
  const server = new Server().addService('webrtc', impl);
  const address = `127.0.0.1:${await server.listen('127.0.0.1:0')}`;
  t.after(() => server.stop({ graceMs: 0 }));
  const batch = fc.array(fc.oneof(unaryCall, streamCall), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(batch, async (calls) => {
      const client = createClient('webrtc', address);
      const counts = await Promise.all(calls.map((call) => start(client, call)));
      assert.deepEqual(counts, calls.map(() => 1));
      client.close();
    }),
    { seed, numRuns: rounds(40, 20), endOnFailure: true }
  );
  const bridge = getBridge();
  assert.equal(bridge.pending, 0);
  // The handlers' ends may still be on their way.
  const until = Date.now() + 5000;
  while (bridge.calls.size > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
  // Handlers that never answer are forgotten with their calls.
  assert.equal(bridge.calls.size, 0);
  assert.equal(bridge.holders, 1, 'only the server holds the process');
});
