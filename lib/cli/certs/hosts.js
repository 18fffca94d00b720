'use strict';

// What a certificate is for: host names and addresses that can be in one.

const fs = require('node:fs');
const { isIP } = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { native } = require('../../crossing/addon');
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

/**
 * What a renewal is for, unless it is said: what the server's certificate that is
 * replaced was for. One of the guide's is for its common name, which leads to this
 * machine, so a better one is for what else does, too.
 *
 * @param {string} folder
 * @param {boolean} isGuides whether the new one is of the guide's kind
 * @returns {string[] | undefined} undefined where there is none that can be read
 */
function hostsOfPresent(folder, isGuides) {
  const file = path.join(folder, 'server.crt');
  const [leaf] = fs.existsSync(file) ? native().readCertificates(fs.readFileSync(file)) : [];
  if (leaf === undefined) return undefined;
  const names = leaf.commonNames.filter(isHost);
  if (isGuides) return names.length > 0 ? names.slice(0, 1) : undefined;
  return leaf.hasAlternativeNames ? [...leaf.dnsNames, ...leaf.addresses].filter(isHost) : [...names, ...hostsOf(undefined)];
}

module.exports = { commonNameOf, hostsOf, hostsOfPresent };
