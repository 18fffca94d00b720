'use strict';

// Whose addresses are meant by what the settings name.

const net = require('node:net');
const { isLoopback } = require('../../common/host-port');

/** @typedef {'here' | 'elsewhere' | 'unknown'} Where unknown: the name is not found */

/**
 * @param {string[]} hosts names and addresses, without brackets
 * @param {import('./network').Network} network
 * @returns {Promise<(host: string) => Where>}
 */
async function locate(hosts, network) {
  const own = network.addresses();
  const isOwn = (/** @type {string} */ address) => isLoopback(address) || own.includes(address);
  /** @type {Map<string, Where>} */
  const known = new Map();
  await Promise.all([...new Set(hosts)].map(async (host) => {
    const addresses = net.isIP(host) || isLoopback(host) ? [host] : await network.lookup(host);
    known.set(host, addresses.length === 0 ? 'unknown' : addresses.some(isOwn) ? 'here' : 'elsewhere');
  }));
  return (host) => known.get(host) ?? 'unknown';
}

module.exports = { locate };
