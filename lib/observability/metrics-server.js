'use strict';

// Metrics over HTTP, on request: one port, one path. It never holds the process.

const { once } = require('node:events');
const { withCause } = require('../common/compat/errors');
const { checkedOptions, numberOption } = require('../common/options');
const { WARN, log } = require('../common/log');
const { messageOf } = require('../common/errors');
const { CONTENT_TYPE } = require('./exposition');
const { metrics } = require('./metrics');
const { timing } = require('./call-recorder');

/** Scrapers are few: more connections than this are something else. */
const MAX_CONNECTIONS = 64;

/**
 * @param {{ port?: number, host?: string }} [options] port 0, the default, is any free one; host 127.0.0.1 by default
 * @returns {Promise<{ port: number, url: string, close: () => Promise<void> }>}
 */
async function serveMetrics(options) {
  const checked = checkedOptions('serveMetrics', options, ['port', 'host']);
  const port = numberOption('serveMetrics', checked, 'port', { min: 0, max: 65535 }) ?? 0;
  const host = checked.host ?? '127.0.0.1';
  if (typeof host !== 'string' || host === '') throw new TypeError(`serveMetrics: option host must be an address or name, not ${String(host)}`);
  try {
    return await served(host, port);
  } catch (error) {
    throw withCause(new Error(`serveMetrics: cannot listen on ${host}:${port}: ${messageOf(error)}`), error);
  }
}

/**
 * @param {string} host
 * @param {number} port
 * @returns {Promise<{ port: number, url: string, close: () => Promise<void> }>} fails with what the system says
 */
async function served(host, port) {
  timing.isOn = true;
  // Few processes want it: the others do not load it.
  const http = require('node:http');
  const server = http.createServer((request, response) => void answer(request, response));
  server.maxConnections = MAX_CONNECTIONS;
  /** @type {Set<import('node:net').Socket>} `closeAllConnections()` came with Node.js 18.2 */
  const sockets = new Set();
  server.on('connection', (socket) => {
    socket.unref();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // Workers of node:cluster have metrics of their own, and no port in common.
  server.listen({ port, host, exclusive: true });
  await once(server, 'listening');
  server.unref();
  server.on('error', (error) => log(WARN, `metrics on port ${port}: ${error.message}`));
  const bound = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
  const shown = host.includes(':') ? `[${host}]` : host;
  return {
    port: bound,
    url: `http://${shown}:${bound}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function answer(request, response) {
  request.resume();
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (request.url?.split('?')[0] !== '/metrics') {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('The metrics are at /metrics\n');
  } else if (!isRead) {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
  } else {
    try {
      const text = await metrics();
      response.writeHead(200, { 'content-type': CONTENT_TYPE, 'content-length': Buffer.byteLength(text) }).end(text);
    } catch (error) {
      log(WARN, `metrics: ${messageOf(error)}`);
      response.writeHead(500).end();
    }
  }
}

module.exports = { serveMetrics, served };
