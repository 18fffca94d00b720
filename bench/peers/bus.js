'use strict';

// One process of the bus bench: `bus.js <back-end> <options> <role> <id>`. Prints
// "ready", then a line of results for each line of load it reads.

const { performance } = require('node:perf_hooks');
const { createInterface } = require('node:readline');
const { median } = require('../numbers');
const { payload } = require('../payload');
const { connected, participant, rpcClient, rpcServer, subscribed } = require('../../__test__/support/bus');

const [backEnd, options, role, id] = process.argv.slice(2);
const GROUP = `${id}-topics`;
/** Published and not yet heard of by the slowest subscriber. */
const windowOf = (size) => (size > 10_000 ? 100 : 2000);
const ACKNOWLEDGE = 20;

const make = backEnd === 'ours' ? require('../../lib/dropin/amqpClient') : require('../../__test__/support/bus/rabbit-client');

const KEEP_ALIVE = 'webrtc-5a1f09c3d7e24b80c6aa@10.0.0.21';

/** Keeps `inFlight` calls going for a while. */
function calls(client, { inFlight, seconds, size, kind }) {
  const [method, args] = size ? ['take', [payload(kind, size)]] : ['keepAlive', [KEEP_ALIVE]];
  return new Promise((resolve) => {
    const latencies = [];
    const start = performance.now();
    const end = start + seconds * 1000;
    let under = 0;
    const next = () => {
      const begun = performance.now();
      under++;
      client.remoteCall(id, method, args, {
        callback: (data) => {
          if (data !== 'ok') throw new Error(`${backEnd}: ${data}`);
          const now = performance.now();
          latencies.push(now - begun);
          under--;
          if (now < end) next();
          else if (under === 0) resolve(report(latencies, now - start));
        },
      }, 20_000);
    };
    for (let n = 0; n < inFlight; n++) next();
  });
}

function report(latencies, ms) {
  const sorted = Float64Array.from(latencies).sort();
  return { count: sorted.length, seconds: ms / 1000, p50: median(latencies) * 1000, p99: sorted[Math.floor(sorted.length * 0.99)] * 1000 };
}

const main = {
  async server(bus) {
    await rpcServer(bus, id, { keepAlive: (_, reply) => reply('callback', 'ok'), take: (_, reply) => reply('callback', 'ok') });
  },
  async client(bus) {
    const client = await rpcClient(bus);
    return (load) => calls(client, load);
  },
  async publisher(bus) {
    const channel = await participant(bus, GROUP);
    const heard = new Map();
    let moved = () => {};
    await rpcServer(bus, `${id}-publisher`, {
      heard(subscriber, count) {
        heard.set(subscriber, count);
        moved();
      },
    });
    let sent = 0;
    return async ({ seconds, size, kind, subscribers }) => {
      const data = payload(kind, size);
      const first = sent;
      const start = performance.now();
      const slowest = () => (heard.size < subscribers ? first : Math.min(...heard.values()));
      while (performance.now() - start < seconds * 1000 || sent % ACKNOWLEDGE !== 0) {
        while (sent - slowest() >= windowOf(size)) await new Promise((resolve) => (moved = resolve));
        for (let n = 0; n < ACKNOWLEDGE; n++, sent++) channel.publish('clusterManager.follower', data);
        await new Promise(setImmediate);
      }
      while (slowest() < sent) await new Promise((resolve) => (moved = resolve));
      return { count: (sent - first) * subscribers, seconds: (performance.now() - start) / 1000 };
    };
  },
  async subscriber(bus) {
    const client = await rpcClient(bus);
    const channel = await participant(bus, GROUP);
    let count = 0;
    await subscribed(channel, ['clusterManager.follower'], () => {
      if (++count % ACKNOWLEDGE === 0) client.remoteCast(`${id}-publisher`, 'heard', [process.pid, count]);
    });
  },
}[role];

connected(make(), JSON.parse(options)).then(async (bus) => {
  const run = await main(bus);
  console.log('ready');
  const lines = createInterface({ input: process.stdin });
  lines.on('close', () => bus.disconnect());
  for await (const line of lines) console.log(JSON.stringify(await run(JSON.parse(line))));
});
