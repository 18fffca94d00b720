'use strict';

// What a certificate is for: host names and addresses that can be in one.

const { isIP } = require('node:net');
const os = require('node:os');
const { UsageError } = require('../support/errors');
const { printable } = require('../support/printable');

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const NAME = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`, 'i');

/** @param {string} host */
const isHost = (host) => (isIP(host) !== 0 ? !host.includes('%') : host.length <= 253 && NAME.test(host) && !/^[\d.]+$/.test(host));

/**
 * @param {string[] | undefined} given
 * @returns {string[]} those given, or what leads to this machine
 */
function hostsOf(given) {
  const wrong = given?.find((host) => !isHost(host));
  if (wrong !== undefined) throw new UsageError(`--host ${printable(wrong)} is no host name and no address`);
  const hosts = given ?? ['localhost', '127.0.0.1', '::1', os.hostname()].filter(isHost);
  return [...new Set(hosts.map((host) => host.toLowerCase()))];
}

/**
 * A certificate of the guide has one common name, and that cannot vouch for an
 * address.
 *
 * @param {string[] | undefined} given
 */
function commonNameOf(given) {
  const [host, ...others] = given === undefined ? ['localhost'] : hostsOf(given);
  if (others.length > 0) throw new UsageError('--legacy takes one --host: such a certificate has one name');
  if (isIP(host)) throw new UsageError('--legacy takes a host name: such a certificate cannot be for an address');
  if (host.length > 64) throw new UsageError('--legacy takes a host name of 64 letters at most');
  return host;
}

module.exports = { commonNameOf, hostsOf };
