'use strict';

// Does memory grow with the number of calls? Two processes for an hour: a server of
// gRPC, of gRPC over mutual TLS and of an id on the bus, and one that calls all
// three, reads and writes streams, gives calls up, fails, makes connections and closes
// them, and has worker threads that are terminated under traffic. Each says
// now and then how much memory it holds once garbage is collected; the slope of that
// over the calls is what is asked for. Ends with an error if it is above the bound.
//
//   node bench/endurance.js [--minutes 60] [--out FILE]

const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const { promisify } = require('node:util');
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const { parseArgs } = require('./arguments');
const { median, round } = require('./numbers');
const { AbortController, Server, connectBus, createClient, startRegistry } = require('..');
const { Workshop } = require('../__test__/support/tls/certificates');

const sleep = promisify(setTimeout);

/** MB for each million calls. */
const BOUND = 0.1;
/** The share of the time after which what a process needs once is there. */
const WARM = 1 / 6;
/** A shorter run says what it saw, and judges nothing. */
const JUDGED_MINUTES = 30;

/** The least of some measurements: garbage is gone, and what the network thread is at. */
async function heldMb() {
  let least = Infinity;
  for (let n = 0; n < 5; n++) {
    global.gc();
    await sleep(20);
    least = Math.min(least, process.memoryUsage().rss / 2 ** 20);
  }
  return least;
}

const handlers = {
  publish: async (call) => ({ id: call.request.id }),
  unpublish: (_call, callback) => callback(new Error('fails')),
  subscribe() {},
  listenToNotifications(call) {
    for (let n = 0; n < 100; n++) call.write({ name: `message ${n}` });
    call.end();
  },
};

async function serve({ tls }) {
  const { port } = await startRegistry({ listen: '127.0.0.1:0' });
  const registry = `127.0.0.1:${port}`;
  const bus = await connectBus({ registry });
  await bus.serve('served', { ping: (text) => text, note() {} });
  const listening = [{}, { tls }].map((options) => new Server(options).addService('webrtc', handlers).listen('127.0.0.1:0'));
  const [plain, secure] = await Promise.all(listening);
  process.send({ plain: `127.0.0.1:${plain}`, secure: `localhost:${secure}`, registry });
}

/** A stream read to its end. */
const read = (client) =>
  new Promise((resolve, reject) => {
    client.listenToNotifications({}).on('data', () => {}).on('error', reject).on('end', resolve);
  });

async function givenUp(client) {
  const cancel = new AbortController();
  const call = client.subscribe({}, { signal: cancel.signal });
  setImmediate(() => cancel.abort());
  await call.catch(() => {});
}

/** A subscription that gets one message and ends. */
async function heard(bus) {
  const news = await bus.subscribe('topic', 'a.#');
  bus.publish('topic', 'a.b', { some: 'thing' });
  await news.next();
  await news.return();
}

/** Calls all kinds until the process is ended, and counts them. */
async function call({ served: { plain, secure, registry }, tls }, counter) {
  const bus = await connectBus({ registry });
  const clients = [createClient('webrtc', plain), createClient('webrtc', secure, { tls })];
  const kinds = [
    ...clients.map((client) => ({ width: 8, run: () => client.publish({ id: 'x' }) })),
    ...clients.map((client) => ({ width: 2, run: () => read(client) })),
    ...clients.map((client) => ({ width: 2, run: () => client.unpublish({}).catch(() => {}) })),
    ...clients.map((client) => ({ width: 2, run: () => givenUp(client) })),
    { width: 8, run: () => bus.call('served', 'ping', ['a text']) },
    { width: 1, run: () => (bus.cast('served', 'note', ['one']), heard(bus)) },
    { width: 1, run: () => connected(plain).then(() => sleep(100)) },
    { width: 1, run: () => connected(secure, tls).then(() => sleep(100)) },
    { width: 1, run: () => threadEnded({ served: { plain, secure, registry }, tls }).then(() => sleep(2000)) },
  ];
  const forEver = async ({ run }) => {
    for (;;) {
      await run();
      counter.calls += 1;
    }
  };
  await Promise.all(kinds.flatMap((kind) => Array.from({ length: kind.width }, () => forEver(kind))));
}

let made = 0;

/** One call on a connection of its own: options that differ give each client one. */
async function connected(address, tls) {
  const client = createClient('webrtc', address, { keepaliveMs: 60_000 + (made++ % 100_000), ...(tls && { tls }) });
  await client.publish({ id: 'x' });
  client.close();
}

/** A thread that calls all kinds, too, and is terminated meanwhile. */
async function threadEnded(data) {
  const worker = new Worker(__filename, { workerData: data });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  await worker.terminate();
}

async function thread(data) {
  const { parentPort } = require('node:worker_threads');
  const client = createClient('webrtc', data.served.plain);
  const bus = await connectBus({ registry: data.served.registry });
  await Promise.all([client.publish({ id: 'x' }), bus.call('served', 'ping', ['x'])]);
  parentPort.postMessage('running');
  for (;;) await Promise.all([client.publish({ id: 'x' }), read(client), bus.call('served', 'ping', ['x'])]);
}

/** What a forked process does: its part, and an answer to who asks what it holds. */
function part() {
  const counter = { calls: 0 };
  process.once('message', (data) => {
    process.on('message', async () => process.send({ mb: await heldMb(), calls: counter.calls }));
    (data.served === undefined ? serve(data) : call(data, counter)).catch((error) => {
      console.error(error);
      process.exit(1);
    });
  });
  process.on('disconnect', () => process.exit(0));
}

/** The median slope between any two samples (Theil and Sen): single peaks do not count. */
function slopeOf(samples) {
  const slopes = [];
  for (const [n, one] of samples.entries()) for (const other of samples.slice(n + 1)) slopes.push((other.mb - one.mb) / (other.millions - one.millions));
  return median(slopes);
}

async function asked(child) {
  child.send('held?');
  const [answer] = await once(child, 'message');
  return answer;
}

const SAMPLE_MS = 10_000;

/** What both sides hold, again and again until the time is over. */
async function sampled(sides, ms) {
  const samples = { server: [], client: [] };
  const begun = Date.now();
  while (Date.now() - begun < ms) {
    await sleep(Math.min(SAMPLE_MS, ms / 10));
    const [server, client] = await Promise.all([asked(sides.server), asked(sides.client)]);
    const millions = client.calls / 1e6;
    if (Date.now() - begun < ms * WARM) continue;
    samples.server.push({ millions, mb: server.mb });
    samples.client.push({ millions, mb: client.mb });
  }
  return samples;
}

function report(samples, minutes, out) {
  const sides = Object.entries(samples).map(([side, all]) => {
    const tenth = Math.ceil(all.length / 10);
    const [first, last] = [all.slice(0, tenth), all.slice(-tenth)].map((some) => median(some.map(({ mb }) => mb)));
    return { side, calls: Math.round((all[all.length - 1].millions - all[0].millions) * 1e6), mbAtFirst: round(first), mbAtLast: round(last), slope: round(slopeOf(all)) };
  });
  for (const { side, calls, mbAtFirst, mbAtLast, slope } of sides) {
    console.log(`${side}: ${calls} calls after the first ${round(minutes * WARM)} minutes, ${mbAtFirst} MB, ${mbAtLast} MB in the end, ${slope} MB for each million calls`);
  }
  if (out !== undefined) fs.writeFileSync(out, `${JSON.stringify({ node: process.version, minutes, boundMb: BOUND, sides }, null, 2)}\n`);
  const above = sides.filter(({ slope }) => !(slope < BOUND)).map(({ side }) => side);
  if (minutes < JUDGED_MINUTES) console.log(`Less than ${JUDGED_MINUTES} minutes say nothing about a slope.`);
  else if (above.length > 0) throw new Error(`${above.join(' and ')}: more than ${BOUND} MB for each million calls`);
}

async function main() {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' }, out: { type: 'string' } } });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new RangeError(`--minutes ${values.minutes}: a number above 0 is expected`);
  const workshop = new Workshop();
  const ca = workshop.ca();
  const [server, client] = ['server', 'client'].map((name) => ({ ca, ...workshop.leaf(name) }));
  const children = Array.from({ length: 2 }, () => fork(__filename, ['part'], { execArgv: ['--expose-gc', '--max-semi-space-size=1'] }));
  const sides = { server: children[0], client: children[1] };
  const ended = Object.entries(sides).map(([name, child]) => once(child, 'exit').then(([code, signal]) => Promise.reject(new Error(`the ${name} ended: ${signal ?? code}`))));
  sides.server.send({ tls: server });
  const [served] = await Promise.race([once(sides.server, 'message'), ...ended]);
  sides.client.send({ served, tls: client });
  const samples = await Promise.race([sampled(sides, minutes * 60_000), ...ended]);
  for (const one of ended) one.catch(() => {});
  for (const child of children) child.disconnect();
  report(samples, minutes, values.out);
}

if (!isMainThread) thread(workerData);
else if (process.argv[2] === 'part') part();
else {
  main().catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
}
