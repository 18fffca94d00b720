'use strict';

// Knows the workers, notices those that went silent, finds one for a task.

const { startServer } = require('owt-grpc/grpcTools');
const { readConfig } = require('../common/config');
const { confirm, start } = require('../common/report');

const { manager } = readConfig('cluster_manager', 'manager');
const workers = new Map();

function find(purpose) {
  const found = [...workers.values()].filter((worker) => worker.purpose === purpose);
  return found.sort((a, b) => a.load - b.load)[0];
}

const impl = {
  join(call, callback) {
    const { id, purpose, info } = call.request;
    workers.set(id, { id, purpose, info, load: 0, seen: Date.now() });
    confirm(`join ${purpose}`);
    callback(null, { state: 'in-service' });
  },
  keepAlive(call, callback) {
    const worker = workers.get(call.request.id);
    if (!worker) return callback(null, { message: 'whoareyou' });
    worker.seen = Date.now();
    confirm(`keepAlive ${worker.purpose}`);
    callback(null, { message: 'ok' });
  },
  reportLoad(call, callback) {
    const worker = workers.get(call.request.id);
    if (worker) {
      worker.load = call.request.load;
      confirm(`reportLoad ${worker.purpose}`);
    }
    callback(null, {});
  },
  schedule(call, callback) {
    const worker = find(call.request.purpose);
    if (!worker) return callback(new Error(`No scheduler for purpose: ${call.request.purpose}`), null);
    confirm(`schedule ${worker.purpose}`);
    callback(null, { id: worker.id, info: worker.info });
  },
  getWorkers(call, callback) {
    callback(null, { list: [...workers.keys()] });
  },
  quit(call, callback) {
    const worker = workers.get(call.request.id);
    workers.delete(call.request.id);
    if (worker) confirm(`quit ${worker.purpose}`);
    callback(null, {});
  },
};

setInterval(() => {
  for (const [id, worker] of workers) {
    if (Date.now() - worker.seen < manager.check_alive_interval * manager.check_alive_count) continue;
    workers.delete(id);
    confirm(`lost ${worker.purpose} (silent)`);
  }
}, manager.check_alive_interval).unref();

startServer('clusterManager', impl, Number(manager.grpc_host.split(':').pop())).then(() => start('cluster_manager'));
