'use strict';

// What `owt-grpc status --grpc` is told by a process with OWT's gRPC helper. See `Told` in lib/cli/status/processes.js.

const { now } = require('../common/clock');
const { moduleName } = require('../common/module-name');
const { peekBridge } = require('../crossing/bridge');
const { timing } = require('../observability/call-recorder');
const { BOUNDS, methods } = require('../observability/call-stats');
const { openStatusSocket } = require('../observability/status-socket');

/** @typedef {import('./owt-server').OwtServer} OwtServer */

/** @param {Map<number, OwtServer>} servers those that listen, by port */
function ownStatus(servers) {
  const used = [...methods.values()].filter(({ stats }) => stats.started > 0).map(({ side, service, method, stats }) => ({ side, service, method, stats }));
  const { buffered } = peekBridge()?.native.counts() ?? { buffered: 0 };
  return {
    module: moduleName(),
    pid: process.pid,
    at: now(),
    servers: [...servers].map(([port, { contracts, peers }]) => ({ port, types: [...contracts].map(({ type }) => type), connections: peers.size })),
    sent: sum(used.filter(({ side }) => side === 'client')),
    received: sum(used.filter(({ side }) => side === 'server')),
    latency: latency(used.filter(({ side }) => side === 'client')),
    buffered,
    methods: used.map(({ stats, ...method }) => ({ ...method, ...counts(stats) })),
  };
}

/** @param {import('../observability/call-stats').CallStats} stats */
function counts({ started, ended, outcomes, sentBytes, receivedBytes }) {
  return { calls: started, inFlight: started - ended, failed: ended - outcomes[0], bytes: sentBytes + receivedBytes };
}

/** @param {{ stats: import('../observability/call-stats').CallStats }[]} all */
function sum(all) {
  const total = { calls: 0, inFlight: 0, failed: 0, bytes: 0 };
  for (const { stats } of all) {
    const one = counts(stats);
    for (const name of /** @type {const} */ (['calls', 'inFlight', 'failed', 'bytes'])) total[name] += one[name];
  }
  return total;
}

/** @param {{ stats: import('../observability/call-stats').CallStats }[]} all */
function latency(all) {
  const calls = new Array(BOUNDS.length + 1).fill(0);
  for (const { stats } of all) {
    stats.buckets.forEach((count, n) => (calls[n] += count));
    calls[BOUNDS.length] += stats.timed - stats.buckets.reduce((total, count) => total + count, 0);
  }
  return { upToMs: BOUNDS.map((seconds) => 1000 * seconds), calls };
}

let isTold = false;

/**
 * Where OWT_GRPC_STATUS_DIR names a folder, this process can be looked at there from now on.
 *
 * @param {Map<number, OwtServer>} servers
 */
function tellStatus(servers) {
  const folder = process.env.OWT_GRPC_STATUS_DIR;
  if (isTold || !folder) return;
  isTold = true;
  timing.isOn = true;
  openStatusSocket(folder, () => ownStatus(servers));
}

module.exports = { tellStatus };
