'use strict';

// node client.js ours|grpc-js PORT: reads one load per line, answers each with
// a line. bench/native speaks the same.

const { performance } = require('node:perf_hooks');
const { createInterface } = require('node:readline');
const { WINDOW, subscribeRequest } = require('../workload');

const [name, port] = process.argv.slice(2);
const side = require('./sides')(name);
const client = side.client(port);

/** Calls, `inFlight` at a time, each started when one has ended. */
function unary({ inFlight }, end) {
  return new Promise((resolve, reject) => {
    const micros = [];
    let running = inFlight;
    const next = () => {
      const started = performance.now();
      if (started >= end) {
        if (--running === 0) resolve(micros);
        return;
      }
      client.subscribe(subscribeRequest, (error, reply) => {
        if (error || reply.id !== subscribeRequest.id) return reject(error ?? new Error(`wrong reply ${reply.id}`));
        micros.push((performance.now() - started) * 1000);
        next();
      });
    };
    for (let n = 0; n < inFlight; n++) next();
  });
}

/** Reads a stream until the time is over, then cancels it. */
function read(stream, end, each) {
  return new Promise((resolve, reject) => {
    let count = 0;
    stream.on('data', () => {
      count++;
      if (performance.now() >= end) stream.cancel();
      else each();
    });
    stream.on('error', (error) => (error.code === 1 ? resolve(Array(count).fill(0)) : reject(error)));
  });
}

/** Connections, one after another, each for one call. */
async function handshakes({ count, lonely }) {
  const micros = [];
  client.close();
  for (let n = 0; n < count; n++) {
    const started = performance.now();
    const guest = lonely ? side.lonely(port) : side.client(port);
    await new Promise((resolve, reject) => guest.subscribe(subscribeRequest, (error) => (error ? reject(error) : resolve())));
    guest.close();
    micros.push((performance.now() - started) * 1000);
  }
  return micros;
}

const loads = {
  unary,
  handshakes,
  stream: (_load, end) => read(client.listenToNotifications({ id: 'bench' }), end, () => {}),
  bidi(_load, end) {
    const stream = client.validateTokenCallback();
    const send = () => stream.write({ tokenId: 'token-1234567890', ok: true });
    for (let n = 0; n < WINDOW; n++) send();
    return read(stream, end, send);
  },
};

async function measure(load) {
  const started = performance.now();
  const micros = await loads[load.kind](load, started + load.seconds * 1000);
  const seconds = (performance.now() - started) / 1000;
  micros.sort((a, b) => a - b);
  const at = (share) => micros[Math.floor(micros.length * share)];
  return { count: micros.length, seconds, p50: at(0.5), p99: at(0.99) };
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    measure(JSON.parse(line)).then(
      (result) => console.log(JSON.stringify(result)),
      (error) => {
        console.error(error);
        process.exit(1);
      }
    );
  })
  .on('close', () => process.exit(0));
