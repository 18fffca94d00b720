'use strict';

// A program of node:cluster whose workers serve on one port, for tests to fork:
// node cluster-program.js ours|theirs POLICY. It knows nothing of what its workers
// serve: what they tell goes to the test, what the test tells is done.

const cluster = require('node:cluster');

const [, , name, policy] = process.argv;

if (cluster.isWorker) work();
else lead();

function work() {
  const peers = require('../grpc/peers');
  const id = String(cluster.worker?.id);
  /** Each worker says which it is. */
  const impl = {
    publish: (_call, callback) => callback(null, { id }),
    listenToNotifications: (call) => call.write({ name: id }),
  };
  process.on('message', async ({ port, times = 1 }) => {
    try {
      /** @type {number[]} */
      const ports = [];
      for (let n = 0; n < times; n++) ports.push((await peers[name].serve('webrtc', impl, { port })).port);
      process.send?.({ id, ports });
    } catch (error) {
      process.send?.({ id, code: error.code, message: error.message });
    }
  });
  process.send?.({ id, up: true });
}

function lead() {
  if (policy === 'none') cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.on('message', (_worker, message) => process.send?.(message));
  cluster.on('exit', (worker) => process.send?.({ id: String(worker.id), exit: true }));
  process.on('message', ({ action, id, ...rest }) => {
    const worker = id === undefined ? undefined : cluster.workers?.[id];
    if (action === 'fork') cluster.fork();
    else if (action === 'serve') worker?.send(rest);
    else if (action === 'kill') worker?.process.kill('SIGKILL');
    else if (action === 'disconnect') worker?.disconnect();
  });
  process.on('disconnect', () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL');
    process.exit();
  });
}
