'use strict';

// Long queues of the bus are read in the time that their length takes, not its
// square. Nothing is timed: by the square none of these would end in time.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { connectBus } = require('../..');
const { Queue } = require('../../lib/bus/queue');
const { eventually, freePort } = require('../support/bus');
const { rounds } = require('../support/rounds');
const { AbortController } = require('../support/grpc/signals');

const patience = { timeout: 120_000 };

test('a queue gives what it was given, in order, however the two mix', () => {
  const queue = new Queue();
  const model = [];
  for (let n = 0, seed = 1; n < 50_000; n++) {
    seed = (seed * 1103515245 + 12345) % 0x80000000;
    // Long stretches of each, so that it grows, shrinks and runs empty.
    if ((n >> 12) % 2 === 0 ? seed % 4 !== 0 : seed % 4 === 0) {
      queue.push(n);
      model.push(n);
    } else {
      assert.equal(queue.shift(), model.shift());
    }
    assert.equal(queue.length, model.length);
  }
  while (model.length > 0) assert.equal(queue.shift(), model.shift());
  assert.deepEqual([queue.shift(), queue.length], [undefined, 0]);
});

test('a queue of a million is read', patience, () => {
  const queue = new Queue();
  const count = 1_000_000;
  for (let n = 0; n < count; n++) queue.push(n);
  for (let n = 0; n < count; n++) if (queue.shift() !== n) assert.fail(`${n}`);
  assert.ok(queue.items.length < count, 'what was read is not kept');
});

test('a subscription of which 200,000 messages wait is read to its end', patience, async (t) => {
  const bus = await connectBus({ registry: `127.0.0.1:${await freePort()}` });
  t.after(() => bus.close());
  const count = 200_000;
  const news = await bus.subscribe('news', '#', { maxWaiting: count });
  for (let n = 0; n < count; n++) bus.publish('news', 'n', n);
  await eventually(() => news.waiting.length === count, 'all wait');
  for (let n = 0; n < count; n++) {
    const { value } = await news.next();
    if (value.data !== n) assert.fail(`${value.data} instead of ${n}`);
  }
  assert.equal(news.dropped, 0);
});

test('calls to an id that nobody serves are given up in any order', patience, async (t) => {
  const bus = await connectBus({ registry: `127.0.0.1:${await freePort()}` });
  t.after(() => bus.close());
  const controllers = [];
  const ends = [];
  for (let n = 0; n < rounds(60_000, 30_000); n++) {
    const controller = new AbortController();
    controllers.push(controller);
    ends.push(bus.call('nobody', 'm', [n], { signal: controller.signal, timeout: 300_000 }).catch(({ name }) => name));
  }
  await eventually(async () => (await bus.status()).waitingForServer === ends.length, 'all wait');
  // The newest first: the one that is given up is never the one that waits longest.
  for (const controller of controllers.reverse()) controller.abort();
  assert.deepEqual([...new Set(await Promise.all(ends))], ['AbortError']);
  assert.equal((await bus.status()).waitingForServer, 0);
});
