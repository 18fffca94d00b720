'use strict';

// docs/proxy.md: the errors that it shows are those that come.

const assert = require('node:assert').strict;
const http = require('node:http');
const net = require('node:net');
const { test } = require('node:test');
const { createClient } = require('../..');
const { freePort } = require('../support/bus');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { listenOn, startProxy } = require('../support/net/connect-proxy');
const { blocksFor } = require('../support/docs/markdown');
const { pairOf } = require('../support/tls');

/** A port of this machine on which a server is closed when the test is over. */
async function open(t, server) {
  const sockets = new Set();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  const port = await listenOn(server, '127.0.0.1');
  t.after(() => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  });
  return port;
}

/** What a call says, with the names that the page has for its target and proxy. */
async function failure(t, target, proxy, options = {}) {
  const client = createClient('webrtc', target, { proxy, ...options });
  t.after(() => client.close());
  const { details } = await client.publish({}, { timeout: 500 }).then(() => assert.fail('the call succeeds'), (error) => error);
  return details.split(proxy).join('http://10.0.0.1:3128').split(new URL(proxy).host).join('10.0.0.1:3128').split(target).join('10.0.0.7:10080').replace('500 ms', '2000 ms');
}

test('the errors in docs/proxy.md are those that come', { timeout: 20_000, skip: !hasOpenssl && 'needs openssl' }, async (t) => {
  const [shown, ...others] = blocksFor('docs/proxy.md', 'proxy/docs');
  assert.deepEqual(others, [], 'errors that are not tested');
  const target = '127.0.0.1:9';
  const refusing = await open(t, http.createServer().on('connect', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')));
  const squid = 'HTTP/1.1 503 Service Unavailable\r\nX-Squid-Error: ERR_CONNECT_FAIL 111\r\n\r\n';
  const unable = await open(t, http.createServer().on('connect', (_request, socket) => socket.end(squid)));
  const silent = await open(t, net.createServer((socket) => socket.resume()));
  const tunnel = await startProxy(t);
  const plain = await open(t, net.createServer((socket) => socket.end('220 hello\r\n')));
  const workshop = new Workshop(t).good();
  const came = [
    await failure(t, target, `http://127.0.0.1:${refusing}`),
    await failure(t, target, `http://127.0.0.1:${unable}`),
    await failure(t, target, `http://127.0.0.1:${await freePort()}`),
    await failure(t, target, `http://127.0.0.1:${silent}`),
    await failure(t, `localhost:${plain}`, tunnel.url, { tls: pairOf(workshop, 'client') }),
  ];
  assert.deepEqual(came, shown.trimEnd().split('\n'));
});
