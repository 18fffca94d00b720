'use strict';

const net = require('node:net');

// Systems give out ports above these to whoever asks for any: a member's own link
// could get the one that was found for a registry.
const FIRST = 10_000;
const LAST = 32_767;

// Processes that look at the same time do not look at the same ones.
let last = FIRST + ((process.pid * 97) % (LAST - FIRST));

/** @returns {Promise<number>} a port of loopback that nobody listens on */
async function freePort() {
  for (;;) {
    const port = (last = last === LAST ? FIRST : last + 1);
    if (await isFree(port)) return port;
  }
}

/** @param {number} port */
function isFree(port) {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

module.exports = { freePort };
