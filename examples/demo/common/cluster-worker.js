'use strict';

// A worker of the cluster: joins, says that it is alive, reports its load.

const { call, retry } = require('./rpc');

const KEEP_ALIVE_MS = 800;
const REPORT_MS = 1000;

/**
 * @param {{ purpose: string, address: string, config: any }} worker
 * @returns {Promise<{ id: string, quit: () => Promise<void> }>}
 */
async function joinCluster({ purpose, address, config }) {
  const manager = config.cluster.grpc_host;
  const ip = config.cluster.worker.ip;
  const port = Number(address.split(':').pop());
  const id = `${purpose}-${process.pid.toString(16).padStart(20, '0')}@${ip}`;
  const info = { ip, grpcPort: port, maxLoad: 0.85, state: 2, capacity: { isps: [], regions: [] } };
  await retry(() => call('clusterManager', manager, 'join', { id, purpose, info }));
  const timers = [
    setInterval(() => call('clusterManager', manager, 'keepAlive', { id }).catch(() => {}), KEEP_ALIVE_MS),
    setInterval(() => {
      const load = Math.round(process.cpuUsage().user / 1e4) / 1e4;
      call('clusterManager', manager, 'reportLoad', { id, load }).catch(() => {});
    }, REPORT_MS),
  ];
  return {
    id,
    async quit() {
      timers.forEach(clearInterval);
      await call('clusterManager', manager, 'quit', { id }).catch(() => {});
    },
  };
}

/** Asks for a worker of a purpose and for a node on it: its address. */
async function nodeOf(purpose, task, config) {
  const manager = config.cluster.grpc_host;
  const request = { purpose, task, preference: { isp: 'isp', region: 'region' }, reserveTime: 30000 };
  const worker = await call('clusterManager', manager, 'schedule', request);
  const agent = `${worker.info.ip}:${worker.info.grpcPort}`;
  const { message: node } = await call('nodeManager', agent, 'getNode', { info: { room: 'room1', task } });
  return { agent, node };
}

module.exports = { joinCluster, nodeOf };
