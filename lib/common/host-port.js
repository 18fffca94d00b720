'use strict';

const net = require('node:net');

/**
 * @param {string} text host, host:port, [address] or [address]:port
 * @param {string} what whose setting it is, for the error
 * @param {number} example a port for the error
 * @param {number} [lowest] port: 0 where it can be any free one
 */
function hostAndPort(text, what, example, lowest = 1) {
  if (/^\d+$/.test(text)) throw new TypeError(`${what} ${JSON.stringify(text)} is a port without a host: write 127.0.0.1:${text}, or the host that it is on`);
  const match = /^(\[[^\]]+\]|[^:[\]\s]+)(?::(\d+))?$/.exec(text);
  const port = match?.[2] === undefined ? null : Number(match[2]);
  if (match === null || (port !== null && (port < lowest || port > 65535))) {
    throw new TypeError(`${what} ${JSON.stringify(text)} is not host:port, such as 10.0.0.5:${example} or [fd00::5]:${example}`);
  }
  return { host: match[1], port };
}

/**
 * Whether only this machine can be meant. A name may be one of its own, too, but that is not known without a look-up.
 *
 * @param {string} host an IPv6 address with or without brackets
 */
function isLoopback(host) {
  if (host === 'localhost' || /^127(\.\d+){1,3}$/.test(host)) return true;
  const bare = host.replace(/^\[|\]$/g, '');
  return net.isIPv6(bare) && /^\[(::1|::ffff:7f[\da-f]{2}:[\da-f]{1,4})\]$/.test(new URL(`http://[${bare}]`).hostname);
}

module.exports = { hostAndPort, isLoopback };
