'use strict';

// What processes with OWT's gRPC helper tell of themselves, in the form of a picture of a bus: the tables are the same.

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { codeOf, messageOf } = require('../../common/errors');
const { isAlive, pidOf } = require('../../observability/status-socket');
const { CommandError } = require('../support/errors');
const { p99 } = require('./latency');
const { inTurns } = require('./picture');

/** @typedef {import('./picture').Seen} Seen */
/** @typedef {{ calls: number, inFlight: number, failed: number, bytes: number }} Counts */
/**
 * What a process tells: see lib/dropin/own-status.js.
 *
 * @typedef {object} Told
 * @property {string} module
 * @property {number} pid
 * @property {number} at
 * @property {{ port: number, types: string[], connections: number }[]} servers
 * @property {Counts} sent
 * @property {Counts} received
 * @property {import('./latency').Latency} latency
 * @property {number} buffered
 * @property {({ side: string, service: string, method: string } & Counts)[]} methods
 */

const AT_ONCE = 32;
/** More than any process has to tell. */
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * @param {string} folder
 * @param {number} timeout ms, for each process
 * @returns {Promise<import('./picture').Picture>}
 */
async function processes(folder, timeout) {
  const sockets = socketsIn(folder);
  const all = await inTurns(sockets, AT_ONCE, (name) => seen(folder, name, timeout));
  const members = /** @type {Seen[]} */ (all.filter((one) => one !== null));
  return { registry: folder, cluster: '', connected: true, epoch: '', revision: 0, isOfProcesses: true, members };
}

/** @param {string} folder */
function socketsIn(folder) {
  try {
    return fs.readdirSync(folder).filter((name) => pidOf(name) !== null);
  } catch (error) {
    throw new CommandError(`OWT_GRPC_STATUS_DIR: ${folder} cannot be read (${codeOf(error)}): modules make it when they are started with the same variable`);
  }
}

/**
 * @param {string} folder
 * @param {string} name
 * @param {number} timeout
 * @returns {Promise<Seen | null>} null if the process is gone
 */
async function seen(folder, name, timeout) {
  const pid = Number(pidOf(name));
  const file = path.join(folder, name);
  const host = os.hostname();
  try {
    const told = /** @type {Told} */ (JSON.parse(await read(file, timeout)));
    return shown(told, file, host);
  } catch (error) {
    if (!isAlive(pid)) return null;
    return { member: name, module: '', host, pid: String(pid), address: file, ids: [], subscriptions: [], answered: false, why: messageOf(error) };
  }
}

/**
 * @param {Told} told
 * @param {string} address
 * @param {string} host
 * @returns {Seen}
 */
function shown(told, address, host) {
  const { module, pid, at, servers, sent, received, latency, methods } = told;
  return {
    member: `${module} ${pid}`, module, host, pid: String(pid), address, subscriptions: [], answered: true, at,
    ids: servers.map(({ port, types, connections }) => `${types.join(' ')} at ${port} for ${connections} client${connections === 1 ? '' : 's'}`),
    sent: traffic(sent), received: traffic(received), pendingCalls: sent.inFlight, latency, p99Ms: p99(latency), methods,
  };
}

/** @param {Counts} counts @returns {import('./picture').Traffic} */
const traffic = ({ calls, failed, bytes }) => ({ calls, failed, bytes });

/**
 * @param {string} file
 * @param {number} timeout
 * @returns {Promise<string>}
 */
function read(file, timeout) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(file).setEncoding('utf8');
    const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeout} ms: its JavaScript is busy`)), timeout);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.length > MOST_BYTES) socket.destroy(new Error(`it tells more than ${MOST_BYTES} bytes`));
    });
    socket.on('end', () => resolve(text)).on('error', reject);
    socket.on('close', () => clearTimeout(timer));
  });
}

module.exports = { processes };
