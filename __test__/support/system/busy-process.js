'use strict';

// A process that has much under way when it exits with 7:
// `busy-process.js <main | main-with-workers | worker> <registry>`. It has nothing to
// say: what it writes is an error.

const { once } = require('node:events');
const { Worker, isMainThread, parentPort, threadId, workerData } = require('node:worker_threads');
const { BusError, Server, connectBus, createClient } = require('../../..');

const WIDTH = 50;

/**
 * Calls, casts, messages and streams without end, between this thread, the others
 * and itself.
 *
 * @param {string} registry
 * @param {() => void} onRound is called when replies to a round of calls have come
 */
async function beBusy(registry, onRound) {
  const bus = await connectBus({ registry });
  const own = `busy-${process.pid}-${threadId}`;
  await bus.serve(own, { ping: () => 'pong', note() {} });
  const news = bus.subscribe('busy', '#');
  await news.ready;
  void (async () => {
    for await (const _ of news);
  })();
  const server = new Server().addService('webrtc', {
    publish: (call, callback) => callback(null, { id: call.request.id }),
    subscribe() {},
    listenToNotifications: (call) => call.write({ name: 'first' }),
  });
  const client = createClient('webrtc', `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
  const round = async () => {
    bus.cast(own, 'note');
    bus.publish('busy', 'a.b', {});
    await Promise.all([client.publish({ id: 'x' }), bus.call(own, 'ping'), anyThread(bus)]);
    onRound();
  };
  for (let n = 0; n < WIDTH; n++) {
    client.listenToNotifications({}).on('error', () => {});
    client.subscribe({}, () => {});
    bus.call('nobody', 'ping', [], { timeout: 60_000 }).catch(() => {});
    void forEver(round);
  }
  await bus.serve('busy', { ping: () => 'pong' });
}

async function forEver(round) {
  for (;;) await round();
}

/** One that serves the id may be on its way out. */
async function anyThread(bus) {
  try {
    await bus.call('busy', 'ping');
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
  }
}

/** Calls `then` after so many rounds, and again after as many. */
function every(rounds, then) {
  let done = 0;
  return () => {
    if (++done % rounds === 0) then();
  };
}

const exit = () => process.exit(7);

/** @param {string} registry @param {boolean} leaves it exits, or says every now and then that it goes on */
const thread = (registry, leaves) => new Worker(__filename, { workerData: { registry, leaves } });

/** @type {Record<string, (registry: string) => Promise<void>>} */
const main = {
  main: (registry) => beBusy(registry, every(500, exit)),
  async 'main-with-workers'(registry) {
    const threads = Array.from({ length: 6 }, () => thread(registry, false));
    await Promise.all(threads.map((one) => once(one, 'message')));
    exit();
  },
  async worker(registry) {
    const others = Array.from({ length: 2 }, () => thread(registry, false));
    for (let n = 0; n < 5; n++) {
      const [code] = await once(thread(registry, true), 'exit');
      if (code !== 7) throw new Error(`the thread has ended with ${code}`);
    }
    // The first word may have been said before the last thread went.
    for (let n = 0; n < 2; n++) await Promise.all(others.map((one) => once(one, 'message')));
    exit();
  },
};

const [what, registry] = process.argv.slice(2);
const onRound = () => (workerData.leaves ? every(200, exit) : every(50, () => parentPort.postMessage('busy')));

(isMainThread ? main[what](registry) : beBusy(workerData.registry, onRound())).catch((error) => {
  console.error(error);
  process.exit(1);
});
