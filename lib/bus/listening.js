'use strict';

// Where a member listens for others, and where they dial it: options, environment,
// defaults.

const { hostAndPorts, portRange, withoutBrackets } = require('../common/host-port');

/** @typedef {{ first: number, last: number, setting: string }} Ports */

const EXAMPLE = 7000;

/**
 * @param {string} owner for errors
 * @param {{ advertise?: unknown, ports?: unknown }} options
 * @param {number | null} registryPort where all members of a cluster expect the registry; null if it is on etcd
 * @returns {{ advertiseHost: string | null, ports: Ports | null }} the host without brackets; null is what the system gives
 */
function listeningOf(owner, options, registryPort) {
  const { env } = process;
  const [advertised, whoseHost] = setting(env.OWT_GRPC_ADVERTISE, 'OWT_GRPC_ADVERTISE', options.advertise, `${owner}: option advertise`);
  const [named, whosePorts] = setting(env.OWT_GRPC_PORTS, 'OWT_GRPC_PORTS', options.ports, `${owner}: option ports`);
  const { host, ports: ofHost } = advertised === null ? { host: null, ports: null } : hostAndPorts(advertised, whoseHost, EXAMPLE);
  const alone = named === null ? null : portRange(named, whosePorts);
  if (ofHost && alone && (ofHost.first !== alone.first || ofHost.last !== alone.last)) {
    throw new TypeError(`${whoseHost} ${JSON.stringify(advertised)} and ${whosePorts} ${JSON.stringify(named)} name different ports: name them in one of the two`);
  }
  if (alone && registryPort !== null && alone.first <= registryPort && registryPort <= alone.last) {
    throw new TypeError(`${whosePorts} ${JSON.stringify(named)} has the registry's port ${registryPort} in it: leave that to the registry`);
  }
  const ports = alone ?? ofHost;
  return {
    advertiseHost: host && withoutBrackets(host),
    ports: ports && { first: ports.first, last: ports.last, setting: alone ? whosePorts : whoseHost },
  };
}

/**
 * @param {string | undefined} value of the environment, which goes before
 * @param {string} variable
 * @param {unknown} given
 * @param {string} option
 * @returns {[string | null, string]} what is set, and by what
 */
function setting(value, variable, given, option) {
  if (value) return [value, variable];
  return [given == null ? null : String(given), option];
}

module.exports = { listeningOf };
