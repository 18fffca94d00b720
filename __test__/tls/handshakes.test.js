'use strict';

// Peers that are not what they should be: without a certificate, of an old TLS, of
// another protocol, or nobody. Both sides say so, and a server goes on.

const assert = require('node:assert').strict;
const { once } = require('node:events');
const net = require('node:net');
const { before, test } = require('node:test');
const tls = require('node:tls');
const { eventually } = require('../support/bus');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { callOnce, contents, logOf, nodeServer, opensslClient, opensslServer, pairOf, rawServer, serve } = require('../support/tls');

const LIMIT = { timeout: 30_000, skip: hasOpenssl ? false : 'openssl is not installed' };
const shop = hasOpenssl ? new Workshop() : null;
const logged = logOf();

before(() => {
  if (shop === null) return;
  shop.good();
  shop.ca('other');
  shop.leaf('stranger', { signer: 'other' });
});

test('a client without a certificate is refused, and both sides say so', LIMIT, async (t) => {
  const { port } = await serve(t, pairOf(shop, 'server'));
  logged.length = 0;
  const error = await callOnce(port, { ca: shop.file('ca.crt') });
  assert.equal(error.code, 14);
  assert.equal(error.message, `14 UNAVAILABLE: No connection established to localhost:${port}: the peer refused the TLS handshake (CertificateRequired): it asks for a client certificate, and this side has none: set option tls.cert and tls.key`);
  await eventually(() => logged.length > 0, 'a line in the log');
  assert.match(logged[0], /: it presented no client certificate, which this server asks for$/);
  assert.equal(await callOnce(port, pairOf(shop, 'client')), 'over TLS');
});

test('a client whose certificate is refused is told so, and that the log there says why', LIMIT, async (t) => {
  const { port } = await serve(t, pairOf(shop, 'server'));
  const error = await callOnce(port, pairOf(shop, 'stranger'));
  assert.equal(error.code, 14);
  assert.match(error.message, /: the peer refused the TLS handshake \(\w+\): it does not accept this side's certificate; its log says why$/);
  assert.equal(await callOnce(port, pairOf(shop, 'client')), 'over TLS');
});

/** Whoever asks for a client's certificate, by version of TLS: what is said when there is none. */
const ASKING = {
  'openssl': async (t, version) => {
    const flag = `-${version.toLowerCase().replace('v', '').replace('.', '_')}`;
    return (await opensslServer(t, shop, ['-alpn', 'h2', flag, '-Verify', '1', '-verify_return_error', '-CAfile', 'ca.crt', '-cert', 'server.crt', '-key', 'server.key'])).port;
  },
  "Node's": async (t, version) => (await nodeServer(t, asking(version))).port,
  'one that closes without a word': (t, version) => leavingServer(t, version, (socket) => socket.destroy()),
  'one that bids farewell': (t, version) => leavingServer(t, version, (socket) => socket.end()),
};

/** A server that ends each connection after its handshake, and never speaks HTTP/2: its port. */
async function leavingServer(t, version, leave) {
  const server = tls.createServer({ ...asking(version), rejectUnauthorized: false, ALPNProtocols: ['h2'] }, (socket) => {
    socket.on('error', () => {});
    leave(socket);
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return server.address().port;
}

const asking = (version) => {
  const { ca, cert, key } = contents(shop, 'server');
  return { ca, cert, key, requestCert: true, rejectUnauthorized: true, minVersion: version, maxVersion: version };
};

for (const [name, start] of Object.entries(ASKING)) {
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    test(`a server that asks for a client certificate which this side does not have (${name}, ${version}): the caller is told, by whatever the server ends it`, LIMIT, async (t) => {
      const port = await start(t, version);
      const error = await callOnce(port, { ca: shop.file('ca.crt') });
      assert.equal(error.code, 14);
      assert.match(error.message, /: (the peer refused the TLS handshake \(\w+\)|the peer closed the connection): it asks for a client certificate, and this side has none: set option tls\.cert and tls\.key$/);
    });

    test(`a server that refuses the certificate of this side (${name}, ${version}): it was asked for one, and that is said`, LIMIT, async (t) => {
      const port = await start(t, version);
      const error = await callOnce(port, { ...pairOf(shop, 'stranger'), ca: shop.file('ca.crt') });
      assert.equal(error.code, 14);
      assert.match(error.message, /: the peer refused the TLS handshake \(\w+\): .*does not accept this side's certificate; its log says why$|: the peer closed the connection: it asked for this side's certificate, and does not say whether it accepts it; its log says more$/);
    });
  }
}

test('a server that asks for a certificate and goes on without one is called', LIMIT, async (t) => {
  const { port } = await nodeServer(t, { ...asking('TLSv1.3'), rejectUnauthorized: false });
  // Its answer is no reply, but an answer.
  assert.equal((await callOnce(port, { ca: shop.file('ca.crt') })).code, 12);
});

test('a TLS connection that breaks off is told in words for a person', LIMIT, async (t) => {
  const { port, cut } = await nodeServer(t, asking('TLSv1.3'), { answer: () => cut() });
  const error = await callOnce(port, pairOf(shop, 'client'));
  assert.equal(error.code, 14);
  assert.match(error.message, /Connection dropped: .*it ended without TLS's close_notify, as when a process is killed or a network breaks$/);
});

const OLD = ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'];

test('a client that has TLS 1.1 only is refused, and the server goes on', LIMIT, async (t) => {
  const { port } = await serve(t, pairOf(shop, 'server'));
  logged.length = 0;
  const printed = await opensslClient(shop, port, [...OLD, '-alpn', 'h2', '-cert', 'client.crt', '-key', 'client.key']);
  assert.match(printed, /alert (protocol version|handshake failure)/);
  await eventually(() => logged.length > 0, 'a line in the log');
  assert.match(logged[0], /: the two sides have no TLS in common, 1\.2 or 1\.3 is needed \(\w+\)$/);
  assert.equal(await callOnce(port, pairOf(shop, 'client')), 'over TLS');
});

test('a server that has TLS 1.1 only is refused', LIMIT, async (t) => {
  const { port } = await opensslServer(t, shop, [...OLD, '-alpn', 'h2', '-cert', 'server.crt', '-key', 'server.key']);
  const error = await callOnce(port, pairOf(shop, 'client'));
  assert.equal(error.code, 14);
  assert.match(error.message, /: the peer refused the TLS handshake \(ProtocolVersion\): the two sides have no TLS in common, 1\.2 or 1\.3 is needed$/);
});

test('a TLS server that does not speak HTTP/2 is named', LIMIT, async (t) => {
  for (const alpn of [[], ['-alpn', 'http/1.1']]) {
    const { port } = await opensslServer(t, shop, [...alpn, '-cert', 'server.crt', '-key', 'server.key']);
    const error = await callOnce(port, pairOf(shop, 'client'));
    assert.equal(error.code, 14);
    assert.match(error.message, /(the peer speaks TLS, but not HTTP\/2 \(ALPN "h2"\): is it a gRPC server\?|it does not speak HTTP\/2 \(ALPN "h2"\))$/);
  }
});

test('a TLS client that does not offer HTTP/2 is named', LIMIT, async (t) => {
  const { port } = await serve(t, pairOf(shop, 'server'));
  logged.length = 0;
  const printed = await opensslClient(shop, port, ['-alpn', 'http/1.1', '-cert', 'client.crt', '-key', 'client.key']);
  assert.match(printed, /alert no application protocol/);
  await eventually(() => logged.length > 0, 'a line in the log');
  assert.match(logged[0], /: the peer does not offer HTTP\/2 \(ALPN "h2"\): is it a gRPC client\?$/);
  assert.equal(await callOnce(port, pairOf(shop, 'client')), 'over TLS');
});

// One side has TLS and the other has not.

test('plaintext on a TLS port is refused on both sides, and the server goes on', LIMIT, async (t) => {
  const { port } = await serve(t, pairOf(shop, 'server'));
  logged.length = 0;
  const error = await callOnce(port, false);
  assert.equal(error.code, 14);
  assert.match(error.message, /: the peer speaks TLS and this side does not: use it on both sides or on neither$/);
  await eventually(() => logged.length > 0, 'a line in the log');
  assert.match(logged[0], /: the peer does not speak TLS and this side does: use it on both sides or on neither$/);
  assert.equal(await callOnce(port, pairOf(shop, 'client')), 'over TLS');
});

test('TLS on a plaintext port is refused on both sides, and the server goes on', LIMIT, async (t) => {
  const { port } = await serve(t, false);
  logged.length = 0;
  const error = await callOnce(port, pairOf(shop, 'client'));
  assert.equal(error.code, 14);
  assert.match(error.message, /: the peer does not speak TLS and this side does: use it on both sides or on neither$/);
  await eventually(() => logged.length > 0, 'a line in the log');
  assert.match(logged[0], /: the peer speaks TLS and this side does not: use it on both sides or on neither$/);
  assert.equal(await callOnce(port, false), 'over TLS');
});

// Peers that are no peers.

const NO_CLIENTS = {
  'says nothing': () => {},
  'sends random bytes': (socket) => socket.write(Buffer.from('8f3a61c05be2d4917730aa1c44f0e9d2', 'hex')),
  'sends the beginning of a handshake and no more': (socket) => socket.write(Buffer.from('160301020001', 'hex')),
  'announces a handshake of 16 MB': (socket) => socket.write(Buffer.from('16030140000100ffffff', 'hex')),
  'asks in HTTP/1': (socket) => socket.write('GET / HTTP/1.1\r\n\r\n'),
  'comes and goes': (socket) => socket.destroy(),
};

test('clients that are no clients stay where they are: the server goes on and stops when it is told', LIMIT, async (t) => {
  const { port, server } = await serve(t, pairOf(shop, 'server'));
  const sockets = [];
  for (const behave of Object.values(NO_CLIENTS)) {
    const socket = net.connect(port, '127.0.0.1', () => behave(socket));
    socket.on('error', () => {});
    sockets.push(socket);
  }
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  logged.length = 0;
  assert.equal(await callOnce(port, pairOf(shop, 'client')), 'over TLS');
  const foreign = /: the peer does not speak TLS and this side does/;
  await eventually(() => logged.filter((line) => foreign.test(line)).length >= 2, 'random bytes and HTTP/1 in the log');
  await server.stop();
});

test('a server that says nothing: the deadline holds, naming it', LIMIT, async (t) => {
  const port = await rawServer(t, () => {});
  const error = await callOnce(port, pairOf(shop, 'client'), { timeout: 200 });
  assert.match(error.message, new RegExp(`^4 DEADLINE_EXCEEDED: .* while connecting to localhost:${port}`));
});

test('a server that sends random bytes, or goes away: the call fails at once', LIMIT, async (t) => {
  for (const [behave, expected] of [
    [(socket) => socket.end(Buffer.from('8f3a61c05be2d4917730aa1c44f0e9d2', 'hex')), /: the peer does not speak TLS and this side does/],
    [(socket) => socket.once('data', () => socket.end()), /: the peer closed the connection during the TLS handshake/],
    [(socket) => socket.destroy(), /: (the peer closed the connection during the TLS handshake|connect)/],
    // An alert that is none of those we have words for.
    [(socket) => socket.once('data', () => socket.end(Buffer.from('15030300020250', 'hex'))), /: the peer refused the TLS handshake \(InternalError\): it gives no other reason$/],
  ]) {
    const port = await rawServer(t, behave);
    const error = await callOnce(port, pairOf(shop, 'client'));
    assert.equal(error.code, 14, error.message);
    assert.match(error.message, expected);
  }
});
