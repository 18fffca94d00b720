'use strict';

// What `for await` promises of the streams of calls, and iterators used by hand.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { status } = require('../..');
const { loop, next, pause, serve } = require('../support/grpc/calls');

const LIMIT = { timeout: 20_000 };

const numbers = (t, count = 10) =>
  serve(t, 'webrtc', {
    async *listenToNotifications(call) {
      for (let n = 0; n < count; n++) yield { name: String(n) };
      if (call.request.id === 'open') await next(call, 'close');
    },
  });

test('messages that are asked for ahead come in order, and behind them the end', LIMIT, async (t) => {
  const { client } = await numbers(t);
  const iterator = client.listenToNotifications({})[Symbol.asyncIterator]();
  const results = await Promise.all(Array.from({ length: 13 }, () => iterator.next()));
  assert.deepEqual(results.map(({ value }) => value?.name), [...'0123456789', undefined, undefined, undefined]);
  assert.deepEqual(results.map(({ done }) => done), [...Array(10).fill(false), true, true, true]);
});

test('an iterator throws its error once, and is over then', LIMIT, async (t) => {
  const { client } = await numbers(t);
  const stream = client.listenToNotifications({ id: 'open' });
  const iterator = stream[Symbol.asyncIterator]();
  for (let n = 0; n < 10; n++) await iterator.next();
  const waiting = [iterator.next(), iterator.next()];
  stream.cancel();
  await assert.rejects(waiting[0], { code: status.CANCELLED });
  assert.deepEqual(await waiting[1], { value: undefined, done: true });
  assert.deepEqual(await iterator.next(), { value: undefined, done: true });
});

test('leaving settles what waits, and cancels the call', LIMIT, async (t) => {
  let arrived;
  const there = new Promise((resolve) => (arrived = resolve));
  const { client } = await serve(t, 'webrtc', { listenToNotifications: (call) => arrived(call) });
  const stream = client.listenToNotifications({});
  const iterator = stream[Symbol.asyncIterator]();
  const waiting = iterator.next();
  const cancelled = next(await there, 'cancelled');
  assert.deepEqual(await iterator.return('left'), { value: 'left', done: true });
  assert.deepEqual(await waiting, { value: undefined, done: true });
  assert.equal(stream.destroyed, true);
  await cancelled;
});

test('iterator({ destroyOnReturn: false }) leaves the call as it is: another loop goes on', LIMIT, async (t) => {
  const { client } = await numbers(t);
  const stream = client.listenToNotifications({});
  const names = [];
  for await (const { name } of stream.iterator({ destroyOnReturn: false })) {
    names.push(name);
    if (name === '3') break;
  }
  assert.equal(stream.destroyed, false);
  const { messages, error } = await loop(stream);
  assert.equal(error, null);
  assert.deepEqual([...names, ...messages.map(({ name }) => name)], [...'0123456789']);
});

test('a loop over a stream that has been read whole is empty', LIMIT, async (t) => {
  const { client } = await numbers(t);
  const stream = client.listenToNotifications({});
  assert.equal((await loop(stream)).messages.length, 10);
  assert.deepEqual(await loop(stream), { messages: [], error: null });
});

test('many loops over one stream leave no listeners behind, and no warning', LIMIT, async (t) => {
  const warnings = [];
  const onWarning = (warning) => warnings.push(warning.name);
  process.on('warning', onWarning);
  t.after(() => process.off('warning', onWarning));
  const { client } = await numbers(t, 40);
  const stream = client.listenToNotifications({ id: 'open' });
  for (let n = 0; n < 20; n++) {
    for await (const _ of stream.iterator({ destroyOnReturn: false })) break;
  }
  assert.equal(stream.listenerCount('error') + stream.listenerCount('readable'), 0);
  stream.destroy();
  for (let n = 0; n < 20; n++) assert.equal((await loop(stream)).error.code, status.CANCELLED);
  await pause(10);
  assert.deepEqual(warnings, []);
});

test('what the body of a loop throws is what the loop throws, and cancels the call', LIMIT, async (t) => {
  const { client } = await numbers(t);
  const stream = client.listenToNotifications({ id: 'open' });
  const { error, messages } = await loop(stream, () => {
    throw new Error('a mistake of the loop');
  });
  assert.equal(error.message, 'a mistake of the loop');
  assert.equal(messages.length, 1);
  assert.equal(stream.destroyed, true);
});
