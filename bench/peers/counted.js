'use strict';

// A number of calls in one process, for who counts its instructions:
// `node counted.js <folder of the package> <kind> <calls>`.

const path = require('node:path');
const { subscribeRequest } = require('../workload');

const [folder, kind, count] = process.argv.slice(2);
const { Server, connectBus, createClient } = require(path.resolve(folder));

/** @type {Record<string, () => Promise<{ call: () => Promise<unknown>, end: () => Promise<unknown> }>>} */
const kinds = {
  async unary() {
    const server = new Server().addService('quic', { subscribe: (call, callback) => callback(null, { id: call.request.id }) });
    const client = createClient('quic', `localhost:${await server.listen('127.0.0.1:0')}`);
    const call = () => new Promise((resolve, reject) => client.subscribe(subscribeRequest, (error, reply) => (error ? reject(error) : resolve(reply))));
    return { call, end: () => (client.close(), server.stop()) };
  },
  async promise() {
    const server = new Server().addService('quic', { subscribe: async ({ request }) => ({ id: request.id }) });
    const client = createClient('quic', `localhost:${await server.listen('127.0.0.1:0')}`);
    return { call: () => client.subscribe(subscribeRequest), end: () => (client.close(), server.stop()) };
  },
  async bus() {
    const registry = { host: '127.0.0.1', port: await require('../../__test__/support/bus').freePort() };
    const serving = await connectBus(registry);
    await serving.serve('counted', { keepAlive: () => 'ok' });
    const calling = await connectBus(registry);
    const call = () => calling.call('counted', 'keepAlive', ['webrtc-5a1f09c3d7e24b80c6aa@10.0.0.21']);
    return { call, end: () => Promise.all([calling.close(), serving.close()]) };
  },
};

async function main() {
  const { call, end } = await kinds[kind]();
  for (let n = 0; n < Number(count); n++) await call();
  await end();
  process.exit(0);
}

main();
