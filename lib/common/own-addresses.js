'use strict';

// The addresses by which other machines may reach this one.

const net = require('node:net');
const os = require('node:os');
const { isEverywhere, isLoopback, withoutBrackets } = require('./host-port');

/**
 * Without loopback, and without what is an address on one link only.
 *
 * @returns {string[]}
 */
function ownAddresses() {
  try {
    const all = Object.values(os.networkInterfaces()).flatMap((addresses) => addresses ?? []);
    return all.filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address)).map(({ address }) => address);
  } catch {
    // The runtime does not allow to ask: Deno, without --allow-sys=networkInterfaces.
    return [];
  }
}

/** One text for each address: IPv6 has many. With a zone it is for one link, and stays as it is. @param {string} address */
const canonical = (address) => (net.isIPv6(address) && !address.includes('%') ? new URL(`http://[${address}]`).hostname : address);

/**
 * A name may be one of them, too, but that is not known without a look-up.
 *
 * @param {string} host an IPv6 address with or without brackets
 */
function isOwnAddress(host) {
  const bare = withoutBrackets(host);
  return net.isIP(bare) !== 0 && ownAddresses().some((address) => canonical(address) === canonical(bare));
}

/**
 * Where this machine could have another registry than the one that listens at a host: those that name one by loopback, and
 * those that name it by an address that others reach, would not find each other.
 *
 * @param {string} host with or without brackets
 * @returns {string[]}
 */
function addressesBeside(host) {
  if (isEverywhere(host)) return [];
  return isLoopback(host) ? ownAddresses() : ['127.0.0.1', '::1'];
}

module.exports = { addressesBeside, isOwnAddress };
