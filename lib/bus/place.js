'use strict';

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

module.exports = { hostAndPort };
