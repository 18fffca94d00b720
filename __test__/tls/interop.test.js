'use strict';

// Our TLS with others': grpc-js on either side, openssl's own tools as peers, all
// kinds of certificates, both versions of TLS.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const tls = require('node:tls');
const { before, test } = require('node:test');
const { createClient } = require('../..');
const { definitionOf } = require('../support/grpc/reference');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { ask, grpc, record } = require('../support/grpc/peers');
const { callOnce, contents, nodeServer, opensslClient, opensslServer, pairOf, serve } = require('../support/tls');

const LIMIT = { timeout: 30_000, skip: hasOpenssl ? false : 'openssl is not installed' };

/** Kinds of certificates, each with a pair for both sides. */
const KINDS = {
  "the guide's (version 1, RSA)": async () => {
    const shop = await new Workshop().guide({ bits: '2048' });
    for (const name of ['server', 'client']) shop.openssl('rsa', '-in', `${name}.key`, '-passin', `pass:${name} secret`, '-out', `${name}.key`);
    return shop;
  },
  'RSA 2048': () => new Workshop().good({ kind: '2048' }),
  // One such key: they take seconds to make, and the guide's test has three.
  'RSA 4096 of an ECDSA CA': () => {
    const shop = new Workshop().good();
    shop.leaf('server', { kind: '4096' });
    return shop;
  },
  'ECDSA P-256': () => new Workshop().good(),
  'ECDSA P-384': () => new Workshop().good({ kind: 'P-384' }),
};
const shops = {};

before(async () => {
  if (!hasOpenssl) return;
  for (const [kind, make] of Object.entries(KINDS)) shops[kind] = await make();
});


const impl = {
  publish: (call, callback) => callback(null, { id: `${call.request.id} published` }),
  listenToNotifications(call) {
    for (let n = 0; n < 50; n++) call.write({ type: 'webrtc', name: `update ${n}` });
    call.end();
  },
};

const theirs = {
  name: 'grpc-js',
  async serve(t, shop, mutual) {
    const { ca, cert, key } = contents(shop, 'server');
    const server = new grpc.Server();
    server.addService(definitionOf('webrtc'), impl);
    const credentials = grpc.ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], mutual);
    const port = await new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    t.after(() => server.forceShutdown());
    return port;
  },
  client(shop, port, mutual) {
    const { ca, cert, key } = contents(shop, 'client');
    const credentials = mutual ? grpc.credentials.createSsl(ca, key, cert) : grpc.credentials.createSsl(ca);
    const Client = grpc.makeGenericClientConstructor(definitionOf('webrtc'), 'webrtc');
    return new Client(`localhost:${port}`, credentials, { 'grpc.use_local_subchannel_pool': 1 });
  },
};

const ours = {
  name: 'ours',
  async serve(t, shop, mutual) {
    const { port } = await serve(t, { ...pairOf(shop, 'server'), clientAuth: mutual ? 'require' : 'none' }, impl);
    return port;
  },
  client: (shop, port, mutual) => createClient('webrtc', `localhost:${port}`, { tls: mutual ? pairOf(shop, 'client') : { ca: shop.file('ca.crt') } }),
};

/** Unary, a stream, and a message of some records of TLS. */
async function assertWorks(t, client) {
  t.after(() => client.close());
  const { error, reply } = await ask(client, 'publish', { id: 'p1' });
  assert.equal(error, null);
  assert.equal(reply.id, 'p1 published');
  const { messages, status } = await record(client.listenToNotifications({ id: 'me' }));
  assert.equal(status.code, 0);
  assert.deepEqual(messages.map(({ name }) => name), Array.from({ length: 50 }, (_, n) => `update ${n}`));
  const large = 'x'.repeat(1_000_000);
  assert.equal((await ask(client, 'publish', { id: large })).reply.id, `${large} published`);
}

for (const kind of Object.keys(KINDS)) {
  for (const mutual of [false, true]) {
    for (const [client, server] of [[ours, theirs], [theirs, ours], [ours, ours]]) {
      test(`${kind}, ${mutual ? 'mutual ' : ''}TLS: ${client.name} calls ${server.name}`, LIMIT, async (t) => {
        const port = await server.serve(t, shops[kind], mutual);
        await assertWorks(t, client.client(shops[kind], port, mutual));
      });
    }
  }
}

test('grpc-js without a certificate is refused by a server that asks for one', LIMIT, async (t) => {
  const shop = shops['ECDSA P-256'];
  const port = await ours.serve(t, shop, true);
  const client = theirs.client(shop, port, false);
  t.after(() => client.close());
  const { error } = await ask(client, 'publish', {});
  assert.equal(error.code, 14);
  assert.equal(await callOnce(port, pairOf(shop, 'client')), 'over TLS published');
});

for (const kind of ["the guide's (version 1, RSA)", 'RSA 2048', 'ECDSA P-256', 'ECDSA P-384']) {
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    test(`${version} and no other, ${kind}: openssl sees h2, the verified chain and our request for its certificate`, LIMIT, async (t) => {
      const shop = shops[kind];
      const port = await ours.serve(t, shop, true);
      const flag = version === 'TLSv1.2' ? '-tls1_2' : '-tls1_3';
      const printed = await opensslClient(shop, port, [flag, '-alpn', 'h2', '-CAfile', 'ca.crt', '-verify_return_error', '-verify_hostname', 'localhost', '-cert', 'client.crt', '-key', 'client.key']);
      assert.match(printed, /ALPN protocol: h2/);
      assert.match(printed, /Verification: OK/);
      assert.match(printed, /Verified peername: localhost/);
      assert.match(printed, /depth=1 .*CN = ca\nverify return:1\ndepth=0 .*CN = localhost\nverify return:1/);
      assert.match(printed, new RegExp(`New, ${version}|Protocol *: ${version.replace('.', '\\.')}`));
      assert.match(printed, /Acceptable client certificate CA names\n.*CN = ca/);
    });

    test(`${version} and no other, ${kind}: our client calls Node's server with its certificate`, LIMIT, async (t) => {
      const shop = shops[kind];
      const { ca, cert, key } = contents(shop, 'server');
      const { port, served } = await nodeServer(t, { ca, cert, key, requestCert: true, rejectUnauthorized: true, minVersion: version, maxVersion: version });
      const error = await callOnce(port, pairOf(shop, 'client'));
      // Its answer is no reply, but an answer.
      assert.equal(error.code, 12);
      assert.deepEqual(served, { sessions: 1, requests: 1, serials: [shop.read('client').serialNumber] });
    });
  }
}

test('a chain with an intermediate CA is accepted on both sides, and ours is sent whole', LIMIT, async (t) => {
  const shop = new Workshop(t);
  shop.ca();
  shop.leaf('middle', { cn: 'middle', san: '', ext: 'basicConstraints=critical,CA:TRUE' });
  for (const name of ['server', 'client']) {
    shop.leaf(name, { signer: 'middle' });
    shop.bundle(name, name, 'middle');
  }
  for (const [client, server] of [[ours, theirs], [theirs, ours], [ours, ours]]) {
    const port = await server.serve(t, shop, true);
    await assertWorks(t, client.client(shop, port, true));
  }
});

test('certificates for an IP address are accepted when it is dialed', LIMIT, async (t) => {
  const shop = new Workshop(t);
  shop.ca();
  shop.leaf('server', { cn: 'nobody', san: 'IP:127.0.0.1' });
  const { port } = await serve(t, { ...pairOf(shop, 'server'), clientAuth: 'none' });
  assert.equal(await callOnce(port, { ca: shop.file('ca.crt') }, { host: '127.0.0.1' }), 'over TLS');
  assert.match((await callOnce(port, { ca: shop.file('ca.crt') })).message, /it is for 127\.0\.0\.1, not for localhost$/);
});

test('keys in every form that openssl writes are read', LIMIT, async (t) => {
  const shop = shops['ECDSA P-256'];
  const rsa = shops['RSA 2048'];
  shop.openssl('ec', '-in', 'server.key', '-out', 'sec1.key');
  shop.openssl('ec', '-in', 'server.key', '-aes256', '-passout', 'pass:x', '-out', 'sec1.locked.key');
  shop.write('parameters.key', shop.openssl('ecparam', '-name', 'prime256v1') + fs.readFileSync(shop.file('sec1.key'), 'utf8'));
  shop.openssl('pkcs8', '-topk8', '-in', 'server.key', '-passout', 'pass:x', '-out', 'pkcs8.locked.key');
  rsa.openssl('rsa', '-traditional', '-in', 'server.key', '-out', 'pkcs1.key');
  rsa.openssl('rsa', '-traditional', '-aes128', '-in', 'server.key', '-passout', 'pass:x', '-out', 'pkcs1.locked.key');
  for (const [from, files] of [[shop, ['sec1', 'sec1.locked', 'parameters', 'pkcs8.locked']], [rsa, ['pkcs1', 'pkcs1.locked']]]) {
    for (const name of files) {
      const { port } = await serve(t, { ...pairOf(from, 'server'), key: from.file(`${name}.key`), passphrase: 'x' });
      assert.equal(await callOnce(port, pairOf(from, 'client')), 'over TLS', name);
    }
  }
});

test('a server of openssl that speaks no gRPC is left alone once TLS stands', LIMIT, async (t) => {
  const shop = shops['ECDSA P-256'];
  const { port, printed } = await opensslServer(t, shop, ['-alpn', 'h2', '-Verify', '1', '-verify_return_error', '-CAfile', 'ca.crt', '-cert', 'server.crt', '-key', 'server.key']);
  const error = await callOnce(port, pairOf(shop, 'client'), { timeout: 500 });
  assert.equal(error.code, 4);
  assert.match(error.message, new RegExp(`while connecting to localhost:${port}`));
  assert.match(printed.text, /ALPN protocols selected: h2/);
  assert.match(printed.text, /depth=0 .*CN = localhost\nverify return:1/);
  assert.match(printed.text, /PRI \* HTTP\/2\.0/);
});

test('a connection that is made anew takes up its TLS session, in both directions', LIMIT, async (t) => {
  const shop = shops['ECDSA P-256'];
  const { port } = await serve(t, { ...pairOf(shop, 'server') });
  const { ca, cert, key } = contents(shop, 'client');
  const connect = (session) => new Promise((resolve, reject) => {
    const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ALPNProtocols: ['h2'], ca, cert, key, session });
    socket.on('error', reject);
    socket.once('session', (ticket) => {
      resolve({ ticket, reused: socket.isSessionReused() });
      socket.destroy();
    });
  });
  const { ticket, reused } = await connect();
  assert.equal(reused, false);
  assert.equal((await connect(ticket)).reused, true);
});
