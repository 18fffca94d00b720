'use strict';

// Where something listens or is dialed, as people write it: host, host:port,
// [address] or [address]:port.

const net = require('node:net');

/**
 * @param {string} text
 * @returns {{ host: string, port: number | null } | null} the host as it was written, with its brackets; null if it is no such text
 */
function parseHostPort(text) {
  const match = /^(\[[^\]]+\]|[^:[\]\s]+)(?::(\d+))?$/.exec(text);
  return match && { host: match[1], port: match[2] === undefined ? null : Number(match[2]) };
}

/**
 * @param {string} text
 * @param {string} what whose setting it is, for the error
 * @param {number} example a port for the error
 * @param {number} [lowest] port: 0 where it can be any free one
 */
function hostAndPort(text, what, example, lowest = 1) {
  if (/^\d+$/.test(text)) throw new TypeError(`${what} ${JSON.stringify(text)} is a port without a host: write 127.0.0.1:${text}, or the host that it is on`);
  const parsed = parseHostPort(text);
  if (parsed === null || (parsed.port !== null && (parsed.port < lowest || parsed.port > 65535))) {
    throw new TypeError(`${what} ${JSON.stringify(text)} is not host:port, such as 10.0.0.5:${example} or [fd00::5]:${example}`);
  }
  return parsed;
}

/** @typedef {{ first: number, last: number }} PortRange */

/**
 * @param {string} text such as 7000-7099, or 7000
 * @param {string} what whose setting it is, for the error
 * @returns {PortRange}
 */
function portRange(text, what) {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const [first, last] = match === null ? [0, 0] : [Number(match[1]), Number(match[2] ?? match[1])];
  if (first >= 1 && last <= 65535 && first <= last) return { first, last };
  throw new TypeError(`${what} ${JSON.stringify(text)} is not a range of ports, such as 7000-7099, or one port, each from 1 to 65535`);
}

/**
 * A host, and where somebody has named them the ports there.
 *
 * @param {string} text host, host:port or host:first-last
 * @param {string} what whose setting it is, for the error
 * @param {number} example a port for the error
 * @returns {{ host: string, ports: PortRange | null }} the host as it was written, with its brackets
 */
function hostAndPorts(text, what, example) {
  if (/^\d+-\d+$/.test(text)) throw new TypeError(`${what} ${JSON.stringify(text)} is ports without a host: OWT_GRPC_PORTS is for those, or write the host in front of them`);
  const [, front, range] = /^(.*):(\d+-\d+)$/.exec(text) ?? [];
  if (range === undefined) {
    const { host, port } = hostAndPort(text, what, example);
    return { host, ports: port === null ? null : { first: port, last: port } };
  }
  const parsed = parseHostPort(front);
  if (parsed !== null && parsed.port === null) return { host: parsed.host, ports: portRange(range, what) };
  throw new TypeError(`${what} ${JSON.stringify(text)} is not a host and its ports, such as 10.0.0.5:7000-7099 or [fd00::5]:7000-7099`);
}

/** What is in front of a port or a range of them, if there is one. @param {string} text */
const withoutPort = (text) => text.replace(/:\d+(-\d+)?$/, '');

/** An IPv6 address without its brackets; any other host as it is. @param {string} host */
const withoutBrackets = (host) => host.replace(/^\[|\]$/g, '');

/** As it is written in front of a port: an IPv6 address with its brackets. @param {string} host */
const withBrackets = (host) => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);

/** Whether it stands for all addresses of a machine. @param {string} host */
const isEverywhere = (host) => ['0.0.0.0', '::', '[::]'].includes(host);

/**
 * Whether only this machine can be meant. A name may be one of its own, too, but that is not known without a look-up.
 *
 * @param {string} host an IPv6 address with or without brackets
 */
function isLoopback(host) {
  if (host === 'localhost' || /^127(\.\d+){1,3}$/.test(host)) return true;
  const bare = withoutBrackets(host);
  return net.isIPv6(bare) && /^\[(::1|::ffff:7f[\da-f]{2}:[\da-f]{1,4})\]$/.test(new URL(`http://[${bare}]`).hostname);
}

module.exports = { hostAndPort, hostAndPorts, isEverywhere, isLoopback, parseHostPort, portRange, withBrackets, withoutBrackets, withoutPort };
