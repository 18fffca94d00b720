'use strict';

const net = require('node:net');

/** Whether a port of 127.0.0.1 is free. @param {number} port */
const isFree = (port) => new Promise((resolve) => {
  const server = net.createServer();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
});

/**
 * So many ports, one after the other, that are free, and that no system gives to connections.
 *
 * @param {number} count
 * @returns {Promise<{ first: number, last: number, range: string }>}
 */
async function freeRange(count) {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const ports = Array.from({ length: count }, (_, n) => first + n);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return { first, last: first + count - 1, range: `${first}-${first + count - 1}` };
  }
}

/** A port that somebody has, until the test is over. @param {import('node:test').TestContext} t @param {number} port @param {string} [host] */
async function taken(t, port, host = '127.0.0.1') {
  const server = net.createServer((socket) => socket.destroy());
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, host, () => resolve(undefined)));
  t.after(() => server.close());
  return server;
}

module.exports = { freeRange, taken };
