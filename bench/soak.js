'use strict';

// What must be possible for ever: clients made and closed, calls cancelled,
// calls that fail, worker threads terminated under traffic. Ends with an error
// if a socket, a call or a member of the bus is left, or 20 MB more than after
// the first of their kind: a fifth of them, and 5,000 (workers: 10) if there are as
// many. These cost a process memory once, in Node itself: 100,000 AbortSignals
// alone take 20 MB on Node 26, 10 of them for the first 3,000, and 10 on Node 20.
//
//   node bench/soak.js [--clients N] [--cancelled N] [--failing N] [--workers N]
//
// Without options: 10,000 clients, 100,000 cancelled and 1,000,000 failing
// calls, 100 workers. The server is a process of its own. V8's young generation
// is kept small: it grows by 30 MB with any load and shrinks when it likes,
// which would hide what is looked for.

const { fork, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const { performance } = require('node:perf_hooks');
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const { promisify } = require('node:util');
const { parseArgs } = require('./arguments');
const { AbortController, BusError, Server, connectBus, createClient, startRegistry } = require('..');
const { getBridge } = require('../lib/crossing/bridge');

const sleep = promisify(setTimeout);

const ALL = { clients: '10000', cancelled: '100000', failing: '1000000', workers: '100' };
const ALLOWED_MB = 20;
/** How many of a kind come before it is measured what the process holds. */
const first = (name, count) => Math.min(count, Math.max(name === 'workers' ? 10 : 5000, Math.ceil(count / 5)));

/** @typedef {{ address: string, registry: string }} Served */

async function serve() {
  const { port } = await startRegistry({ listen: '127.0.0.1:0' });
  const registry = `127.0.0.1:${port}`;
  const bus = await connectBus({ registry });
  await bus.serve('soak', { ping: () => 'pong', note() {} });
  const server = new Server().addService('webrtc', {
    publish: (call, callback) => callback(null, { id: call.request.id }),
    subscribe() {},
    unpublish: (_call, callback) => callback(new Error('fails')),
    listenToNotifications: (call) => call.write({ name: 'first' }),
  });
  process.send({ address: `127.0.0.1:${await server.listen('127.0.0.1:0')}`, registry });
  process.on('message', async () => process.send((await bus.status()).members.length));
  process.on('disconnect', () => process.exit(0));
}

/** Runs `count` jobs, `width` at a time. */
async function inParallel(count, width, job) {
  let next = 0;
  const work = async () => {
    while (next++ < count) await job();
  };
  await Promise.all(Array.from({ length: width }, work));
}

const jobs = {
  /** A client of its own: one call, one stream, closed with the stream open. */
  clients: ({ address }, count) =>
    inParallel(count, 20, async () => {
      const client = createClient('webrtc', address, { keepaliveMs: 60_000 + next++ });
      const stream = client.listenToNotifications({}).on('error', () => {});
      await new Promise((resolve) => stream.once('data', resolve));
      await client.publish({ id: 'x' });
      client.close();
    }),
  cancelled: ({ address }, count) =>
    withClient(address, (client) =>
      inParallel(count, 100, async () => {
        const cancel = new AbortController();
        const call = client.subscribe({}, { signal: cancel.signal });
        setImmediate(() => cancel.abort());
        const error = await call.catch((reason) => reason);
        if (error.code !== 1) throw error;
      })
    ),
  failing: ({ address }, count) =>
    withClient(address, (client) =>
      inParallel(count, 100, async () => {
        const error = await client.unpublish({}).catch((reason) => reason);
        if (error.code !== 2) throw error;
      })
    ),
  /** Threads that load the addon, call without end, and are terminated meanwhile. */
  workers: (served, count) =>
    inParallel(count, 4, async () => {
      const worker = new Worker(__filename, { workerData: served });
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      await sleep(Math.random() * 20);
      await worker.terminate();
    }),
};

/** Options that differ give each client a connection of its own. */
let next = 0;

async function withClient(address, body) {
  const client = createClient('webrtc', address);
  await body(client);
  client.close();
}

/** @param {Served} served */
async function callForEver({ address, registry }) {
  const { parentPort } = require('node:worker_threads');
  const client = createClient('webrtc', address);
  const server = new Server().addService('webrtc', { publish: async (call) => ({ id: call.request.id }) });
  const own = createClient('webrtc', `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
  const bus = await connectBus({ registry });
  await bus.serve('workers', { ping: () => 'pong' });
  await Promise.all([client.publish({ id: 'x' }), own.publish({ id: 'y' }), bus.call('soak', 'ping')]);
  parentPort.postMessage('running');
  client.listenToNotifications({}).on('error', () => {}).resume();
  await inParallel(Infinity, 32, () => {
    bus.cast('soak', 'note', ['z']);
    return Promise.all([client.publish({ id: 'x' }), own.publish({ id: 'y' }), bus.call('soak', 'ping'), anyWorker(bus)]);
  });
}

/** One that serves the id may be on its way out. */
async function anyWorker(bus) {
  try {
    await bus.call('workers', 'ping');
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
  }
}

const sockets = () => (process.platform === 'linux' ? fs.readdirSync('/proc/self/fd').length : 0);

/** What is held once garbage is collected and the network thread has caught up. */
async function held() {
  let least = Infinity;
  for (let n = 0; n < 10; n++) {
    global.gc?.();
    await sleep(50);
    least = Math.min(least, process.memoryUsage().rss / 2 ** 20);
  }
  return { rss: least, files: sockets(), calls: getBridge().calls.size, pending: getBridge().pending };
}

/** The members of the bus but that of the server, once the network threads have caught up. */
async function membersLeft(server) {
  for (let n = 0; ; n++) {
    server.send('members');
    const [left] = await once(server, 'message');
    if (left === 0 || n === 50) return left;
    await sleep(100);
  }
}

async function soak(name, count, { server, served }, start) {
  const started = performance.now();
  await jobs[name](served, count);
  const seconds = (performance.now() - started) / 1000;
  const members = await membersLeft(server);
  const after = await held();
  const grown = after.rss - start.rss;
  console.log(
    `${name} ${count}: ${seconds.toFixed(1)} s, memory at the start ${start.rss.toFixed(1)}, now ${after.rss.toFixed(1)} MB, ` +
      `files ${start.files}, now ${after.files}, calls left ${after.calls}`
  );
  if (grown > ALLOWED_MB) throw new Error(`${name}: ${grown.toFixed(1)} MB more than at the start`);
  if (after.files > start.files) throw new Error(`${name}: ${after.files - start.files} files left open`);
  if (after.calls > 0 || after.pending > 0) throw new Error(`${name}: ${after.calls} calls left`);
  if (members > 0) throw new Error(`${name}: ${members} members of the bus left`);
}

async function main() {
  const names = Object.keys(ALL);
  const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });
  const wanted = Object.keys(values).length > 0 ? values : ALL;
  const server = fork(__filename, ['serve']);
  const [served] = await once(server, 'message');
  await withClient(served.address, (client) => client.publish({ id: 'x' }));
  for (const name of names.filter((each) => wanted[each])) {
    const count = Number(wanted[name]);
    await jobs[name](served, first(name, count));
    await soak(name, count, { server, served }, await held());
  }
  server.disconnect();
}

const FLAGS = ['--expose-gc', '--max-semi-space-size=1'];

if (!isMainThread) callForEver(workerData);
else if (process.argv[2] === 'serve') serve();
else if (!global.gc) {
  process.exitCode = spawnSync(process.execPath, [...FLAGS, ...process.argv.slice(1)], { stdio: 'inherit' }).status ?? 1;
} else {
  main().catch((error) => {
    console.error(error);
    process.exit(1);
  });
}
