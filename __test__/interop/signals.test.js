'use strict';

// One signal for many calls: that of a request, or of a room.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { AbortController, connectBus } = require('../..');
const { freePort } = require('../support/bus');
const { serve } = require('../support/grpc/calls');
const { callers, counting, type } = require('../support/grpc/four-kinds');

const LIMIT = { timeout: 20_000 };
const MANY = 50;

/** A signal that knows who listens to it. */
function watched() {
  const controller = new AbortController();
  const { signal } = controller;
  const { addEventListener, removeEventListener } = signal;
  const listeners = new Set();
  let most = 0;
  Object.assign(signal, {
    addEventListener(event, listener, options) {
      listeners.add(listener);
      most = Math.max(most, listeners.size);
      addEventListener.call(signal, event, listener, options);
    },
    removeEventListener(event, listener) {
      listeners.delete(listener);
      removeEventListener.call(signal, event, listener);
    },
  });
  return { controller, signal, listeners, most: () => most };
}

/** What the process is warned of while `work` is done. */
async function warningsOf(work) {
  const warnings = [];
  const heard = (warning) => warnings.push(warning.name);
  process.on('warning', heard);
  try {
    await work();
    await new Promise(setImmediate);
  } finally {
    process.off('warning', heard);
  }
  return warnings;
}

test('a signal may be that of any number of calls: nobody is warned, and nobody listens behind their end', LIMIT, async (t) => {
  const { client } = await serve(t, type, counting().impl);
  const bus = await connectBus({ registry: `127.0.0.1:${await freePort()}` });
  t.after(() => bus.close({ graceMs: 0 }));
  await bus.serve('rooms', { join: () => 1 });
  const calls = { ...callers, bus: { call: (_client, _request, options) => bus.call('rooms', 'join', [], options) } };
  for (const [kind, { call }] of Object.entries(calls)) {
    const { signal, listeners, most } = watched();
    const warnings = await warningsOf(() => Promise.all(Array.from({ length: MANY }, () => call(client, {}, { signal }))));
    assert.deepEqual(warnings, [], kind);
    assert.equal(listeners.size, 0, kind);
    assert.equal(most(), 1, kind);
  }
});

test('a signal ends all that waits for it, and no call that is over', LIMIT, async (t) => {
  const { client } = await serve(t, type, { unary: ({ request }, callback) => void (request.message === 'answer' && callback(null, {})), serverStream() {} });
  const bus = await connectBus({ registry: `127.0.0.1:${await freePort()}` });
  t.after(() => bus.close({ graceMs: 0 }));
  await bus.serve('rooms', { never: () => new Promise(() => {}) });
  const news = await bus.subscribe('news', '#');
  const { controller, signal, listeners } = watched();
  const ends = [
    ...Array.from({ length: MANY }, () => client.unary({}, { signal })),
    callers['server stream'].call(client, {}, { signal }),
    bus.call('rooms', 'never', [], { signal }),
    bus.subscribe('news', '#', { signal }).next(),
  ].map((end) => end.then(() => 'answered', ({ name, code }) => (name === 'RpcError' ? code : name)));
  await client.unary({ message: 'answer' }, { signal });
  assert.equal(listeners.size, 1);
  controller.abort();
  assert.deepEqual(await Promise.all(ends), [...Array(MANY + 1).fill(1), 'AbortError', 'AbortError']);
  await assert.rejects(client.unary({}, { signal }), /1 CANCELLED/);
  await news.return();
});
