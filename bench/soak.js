'use strict';

// What must be possible for ever: clients made and closed, calls cancelled,
// calls that fail, worker threads terminated under traffic. Ends with an error
// if a socket or a call is left, or 20 MB more than after the first call (for
// workers: after the first of them).
//
//   node bench/soak.js [--clients N] [--cancelled N] [--failing N] [--workers N]
//
// Without options: 10,000 clients, 100,000 cancelled and 1,000,000 failing
// calls, 100 workers. The server is a process of its own. V8's young generation
// is kept small: it grows by 30 MB with any load and shrinks when it likes,
// which would hide what is looked for.

const { fork, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { performance } = require('node:perf_hooks');
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const { promisify } = require('node:util');
const { parseArgs } = require('./arguments');
const { AbortController, Server, createClient } = require('..');
const { getBridge } = require('../lib/crossing/bridge');

const sleep = promisify(setTimeout);

const ALL = { clients: '10000', cancelled: '100000', failing: '1000000', workers: '100' };
const ALLOWED_MB = 20;

async function serve() {
  const server = new Server().addService('webrtc', {
    publish: (call, callback) => callback(null, { id: call.request.id }),
    subscribe() {},
    unpublish: (_call, callback) => callback(new Error('fails')),
    listenToNotifications: (call) => call.write({ name: 'first' }),
  });
  process.send(await server.listen('127.0.0.1:0'));
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
  clients: (address, count) =>
    inParallel(count, 20, async () => {
      const client = createClient('webrtc', address, { keepaliveMs: 60_000 + next++ });
      const stream = client.listenToNotifications({}).on('error', () => {});
      await new Promise((resolve) => stream.once('data', resolve));
      await client.publish({ id: 'x' });
      client.close();
    }),
  cancelled: (address, count) =>
    withClient(address, (client) =>
      inParallel(count, 100, async () => {
        const cancel = new AbortController();
        const call = client.subscribe({}, { signal: cancel.signal });
        setImmediate(() => cancel.abort());
        const error = await call.catch((reason) => reason);
        if (error.code !== 1) throw error;
      })
    ),
  failing: (address, count) =>
    withClient(address, (client) =>
      inParallel(count, 100, async () => {
        const error = await client.unpublish({}).catch((reason) => reason);
        if (error.code !== 2) throw error;
      })
    ),
  /** Threads that load the addon, call without end, and are terminated meanwhile. */
  workers: (address, count) =>
    inParallel(count, 4, async () => {
      const worker = new Worker(__filename, { workerData: address });
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

async function callForEver(address) {
  const { parentPort } = require('node:worker_threads');
  const client = createClient('webrtc', address);
  const server = new Server().addService('webrtc', { publish: async (call) => ({ id: call.request.id }) });
  const own = createClient('webrtc', `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
  await Promise.all([client.publish({ id: 'x' }), own.publish({ id: 'y' })]);
  parentPort.postMessage('running');
  client.listenToNotifications({}).on('error', () => {}).resume();
  await inParallel(Infinity, 32, () => Promise.all([client.publish({ id: 'x' }), own.publish({ id: 'y' })]));
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

async function soak(name, count, address, start) {
  const started = performance.now();
  await jobs[name](address, count);
  const seconds = (performance.now() - started) / 1000;
  const after = await held();
  const grown = after.rss - start.rss;
  console.log(
    `${name} ${count}: ${seconds.toFixed(1)} s, memory at the start ${start.rss.toFixed(1)}, now ${after.rss.toFixed(1)} MB, ` +
      `files ${start.files}, now ${after.files}, calls left ${after.calls}`
  );
  if (grown > ALLOWED_MB) throw new Error(`${name}: ${grown.toFixed(1)} MB more than at the start`);
  if (after.files > start.files) throw new Error(`${name}: ${after.files - start.files} files left open`);
  if (after.calls > 0 || after.pending > 0) throw new Error(`${name}: ${after.calls} calls left`);
}

async function main() {
  const names = Object.keys(ALL);
  const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });
  const wanted = Object.keys(values).length > 0 ? values : ALL;
  const server = fork(__filename, ['serve']);
  const port = await new Promise((resolve) => server.once('message', resolve));
  const address = `127.0.0.1:${port}`;
  await withClient(address, (client) => client.publish({ id: 'x' }));
  let start = await held();
  for (const name of names.filter((each) => wanted[each])) {
    if (name === 'workers') {
      // The first threads of a process cost it memory and a descriptor once.
      await jobs.workers(address, Math.max(10, Math.ceil(wanted.workers / 5)));
      start = await held();
    }
    await soak(name, Number(wanted[name]), address, start);
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
