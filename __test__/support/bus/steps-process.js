'use strict';

// Goes through the steps: `steps-process.js REGISTRY` prints the name of each that
// is done and ends by itself. With `exit` behind it, it ends by process.exit(7) amid
// calls. With OWT's variables, and the store in its folder, all of it goes over
// mutual TLS.

const { isMainThread, parentPort, workerData } = require('node:worker_threads');
const { Server, connectBus, createClient } = require('../../..');
const { STEPS, STEPS_OF_TLS, quic, webrtc } = require('./steps');

const modes = {
  async steps(registry) {
    const { server, address } = await listen();
    for (const [name, step] of Object.entries({ ...STEPS, ...(process.env.OWT_GRPC_ROOT_CERT && STEPS_OF_TLS) })) {
      await step({ address, registry });
      console.log(name);
    }
    await server.stop();
  },

  async exit() {
    const { address } = await listen();
    const client = createClient('webrtc', address);
    for (let n = 0; n < 100; n++) client.linkup({}).catch(() => {});
    await client.publish({ id: 'the others are there' });
    process.exit(7);
  },

  /** The other process, which has a call that it never answers. */
  async serve(registry) {
    const bus = await connectBus({ registry });
    let isAsked = () => {};
    const asked = new Promise((resolve) => (isAsked = resolve));
    await bus.serve('child', {
      pid: () => process.pid,
      wait: () => new Promise(() => isAsked()),
      waits: () => asked.then(() => true),
    });
  },
};

async function listen() {
  const server = new Server().addService('webrtc', webrtc).addService('quic', quic);
  return { server, address: `localhost:${await server.listen('127.0.0.1:0')}` };
}

/** The worker thread, which has a call when it is terminated. */
async function work({ address }) {
  const client = createClient('webrtc', address);
  client.linkup({}).catch(() => {});
  const { id } = await client.publish({ id: 'from a worker' });
  parentPort.postMessage(id);
}

const [registry, mode = 'steps'] = process.argv.slice(2);
(isMainThread ? modes[mode](registry) : work(workerData)).catch((error) => {
  console.error(error);
  process.exit(1);
});
