'use strict';

// A member of a worker thread that ends, while its process goes on: others know at once.

const assert = require('node:assert').strict;
const { once } = require('node:events');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { test } = require('node:test');
const { connectBus } = require('../..');
const { eventually, freePort } = require('../support/bus');
const { Member } = require('../support/bus/member');

if (isMainThread) tests();
else serve();

/** A worker's member: it serves, and never answers `hang`. */
async function serve() {
  const { registry, id } = workerData;
  const bus = await connectBus({ registry });
  await bus.serve(id, {
    hang: () => {
      parentPort.postMessage('called');
      return new Promise(() => {});
    },
  });
  parentPort.postMessage('serves');
  parentPort.on('message', (how) => {
    if (how === 'exit') process.exit();
    throw new Error('the worker fails');
  });
}

function tests() {
  const started = async (registry, id) => {
    const worker = new Worker(__filename, { workerData: { registry, id } });
    worker.on('error', () => {});
    await once(worker, 'message');
    return worker;
  };
  const end = (worker, how) => (how === 'terminate' ? worker.terminate() : worker.postMessage(how));

  for (const how of ['terminate', 'exit', 'throw']) {
    test(`a worker thread that ends by ${how} is gone for others before one that was killed is given up`, { timeout: 60_000 }, async (t) => {
      const port = await freePort();
      const registry = `127.0.0.1:${port}`;
      const bus = await connectBus({ registry });
      t.after(() => bus.close());
      const killed = await Member.start(t, port, 'killed');
      const worker = await started(registry, 'worker');
      const called = once(worker, 'message');
      const lost = assert.rejects(bus.call('worker', 'hang', [], { timeout: 30_000 }), { code: 'PEER_LOST' });
      await called;
      const serves = async (id) => (await bus.status()).members.some(({ ids }) => ids.includes(id));
      assert.deepEqual([await serves('killed'), await serves('worker')], [true, true]);

      await killed.kill();
      end(worker, how);
      await lost;
      await eventually(async () => !(await serves('worker')), 'it is gone', 5_000);
      assert.equal(await serves('killed'), true, 'the other one is kept for as long as it might come back');
      await eventually(async () => !(await serves('killed')), 'that one is gone, too');
    });
  }

  test("a worker thread that ends and hosted the registry is gone for others, and one of them hosts it", { timeout: 60_000 }, async (t) => {
    const registry = `127.0.0.1:${await freePort()}`;
    const worker = await started(registry, 'worker');
    const bus = await connectBus({ registry });
    t.after(() => bus.close());
    const { registry: former } = await bus.status();
    end(worker, 'terminate');
    await eventually(async () => {
      const { registry: now, members } = await bus.status();
      return now.connected && now.epoch !== former.epoch && members.length === 0;
    }, 'there is another registry, without it');
    await bus.serve('here', { ping: () => 'pong' });
    assert.equal(await bus.call('here', 'ping'), 'pong');
  });
}
