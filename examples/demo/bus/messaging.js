'use strict';

// OWT's RabbitMQ client as its modules use it: by callbacks, here as promises.

const amqpClient = require('owt-grpc/amqpClient');
const { count } = require('../common/report');

const CLUSTER = 'owt-cluster';

/** @returns {Promise<any>} a connected client with `call`, `cast` and `serve` */
async function connect() {
  const bus = amqpClient();
  const as = (method, ...args) => new Promise((resolve, reject) => bus[method](...args, resolve, reject));
  // As in OWT's toml files: AMQP's port, where nothing listens.
  await as('connect', { host: 'localhost', port: 5672 });
  const rpc = await as('asRpcClient');
  const call = (to, method, ...args) =>
    new Promise((resolve, reject) => {
      const startedAt = process.hrtime.bigint();
      rpc.remoteCall(to, method, args, {
        callback(data, reason) {
          const failed = data === 'error' || data === 'timeout';
          count(startedAt, failed ? { message: reason ?? data, code: 14 } : null, `${to}.${method}`);
          if (failed) reject(new Error(reason ?? data));
          else resolve(data);
        },
      });
    });
  return {
    bus,
    call,
    cast: (to, method, ...args) => rpc.remoteCast(to, method, args),
    serve: (id, methods) => as('asRpcServer', id, methods),
    participant: (group) => as('asTopicParticipant', group),
    monitor: (onMessage) => as('asMonitor', onMessage),
    target: () => as('asMonitoringTarget'),
    leave: () => bus.disconnect(),
  };
}

/** A worker of the cluster, as OWT's clusterWorker: joins, lives, reports. */
async function joinCluster(messages, purpose) {
  const id = `${purpose}-${process.pid.toString(16).padStart(20, '0')}@127.0.0.1`;
  const join = () => messages.call(CLUSTER, 'join', purpose, id, { ip: '127.0.0.1', state: 2, maxLoad: 0.85 });
  await retry(join);
  const timers = [
    setInterval(() => messages.call(CLUSTER, 'keepAlive', id).then((answer) => answer === 'whoareyou' && join()).catch(() => {}), 400),
    setInterval(() => messages.cast(CLUSTER, 'reportLoad', id, Math.random()), 500),
  ];
  return {
    id,
    quit() {
      timers.forEach(clearInterval);
      messages.cast(CLUSTER, 'quit', id);
    },
  };
}

/** Tries again until it works: processes start in any order. */
async function retry(attempt) {
  for (;;) {
    try {
      return await attempt();
    } catch (_error) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

module.exports = { CLUSTER, connect, joinCluster, retry };
