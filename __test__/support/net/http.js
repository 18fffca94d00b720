'use strict';

const http = require('node:http');

/**
 * One request without a library: `fetch` came with Node.js 18.
 *
 * @param {string | URL} url
 * @param {{ method?: string, body?: string }} [options]
 * @returns {Promise<{ status: number, headers: import('node:http').IncomingHttpHeaders, text: string }>}
 */
function request(url, { method = 'GET', body = '' } = {}) {
  return new Promise((resolve, reject) => {
    const sent = http.request(url, { method, agent: false }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(parts).toString() }));
    });
    sent.on('error', reject).end(body);
  });
}

module.exports = { request };
