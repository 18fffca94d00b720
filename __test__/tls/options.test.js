'use strict';

// Option `tls` of the API.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const { inspect } = require('node:util');
const { before, test } = require('node:test');
const { Server, connectBus, createClient } = require('../..');
const { freePort } = require('../support/bus');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { callOnce, failureOf, pairOf, serve, withEnvironment } = require('../support/tls');

const LIMIT = { timeout: 30_000, skip: hasOpenssl ? false : 'openssl is not installed' };
const PASSPHRASE = 'the passphrase of this test';
const shop = hasOpenssl ? new Workshop() : null;

before(() => {
  if (shop === null) return;
  shop.good();
  for (const name of ['server', 'client']) shop.openssl('pkcs8', '-topk8', '-in', `${name}.key`, '-passout', `pass:${PASSPHRASE}`, '-out', `${name}.locked.key`);
});

/** The ways in which a file's content can be given. */
const WAYS = {
  'a path': (file) => file,
  'PEM as a text': (file) => fs.readFileSync(file, 'utf8'),
  'PEM in a Buffer': (file) => fs.readFileSync(file),
  'PEM in a Uint8Array': (file) => new Uint8Array(fs.readFileSync(file)),
};
const given = (name, way, changes) => ({ ...Object.fromEntries(Object.entries(pairOf(shop, name)).map(([what, file]) => [what, WAYS[way](file)])), ...changes });

for (const way of Object.keys(WAYS)) {
  test(`certificates and keys are ${way}, on all that take the option`, LIMIT, async (t) => {
    const { port } = await serve(t, given('server', way));
    assert.equal(await callOnce(port, given('client', way)), 'over TLS');
    const registry = `localhost:${await freePort()}`;
    const bus = await connectBus({ registry, tls: given('server', way) });
    t.after(() => bus.close());
    await bus.serve('id', { ping: () => 'pong' });
    const other = await connectBus({ registry, tls: given('server', way) });
    t.after(() => other.close());
    assert.equal(await other.call('id', 'ping'), 'pong');
  });
}

test('a relative path is one from the current directory', LIMIT, async (t) => {
  const home = process.cwd();
  process.chdir(shop.folder);
  t.after(() => process.chdir(home));
  const { port } = await serve(t, { ca: 'ca.crt', cert: 'server.crt', key: 'server.key' });
  assert.equal(await callOnce(port, { ca: 'ca.crt', cert: 'client.crt', key: 'client.key' }), 'over TLS');
});

test('passphrase opens the key; without it, or with another one, there is an error', LIMIT, async (t) => {
  const file = shop.file('server.locked.key');
  const locked = { ...pairOf(shop, 'server'), key: file };
  await serve(t, { ...locked, passphrase: PASSPHRASE });
  for (const [key, name] of [[file, `option tls.key ${file}`], [fs.readFileSync(file), 'option tls.key']]) {
    const none = await failureOf(() => createClient('webrtc', 'localhost:1', { tls: { ...locked, key } }));
    assert.equal(none.code, 'PASSPHRASE');
    assert.equal(none.message, `client: ${name} is encrypted, and set option tls.passphrase`);
    const other = await failureOf(() => createClient('webrtc', 'localhost:1', { tls: { ...locked, key, passphrase: 'the wrong one' } }));
    assert.equal(other.code, 'PASSPHRASE');
    assert.equal(other.message, `client: ${name} cannot be opened: its passphrase is another one than option tls.passphrase, or the file is damaged`);
    assert.ok(!inspect(other, { depth: 10, showHidden: true }).includes('the wrong one'));
  }
});

test('a passphrase and a key are in nothing that is printed of a server, client or bus', LIMIT, async (t) => {
  const tls = { ...pairOf(shop, 'server'), key: fs.readFileSync(shop.file('server.locked.key'), 'utf8'), passphrase: PASSPHRASE };
  const server = new Server({ tls });
  const idle = inspect(server, { depth: 10, showHidden: true });
  t.after(() => server.stop());
  await server.listen('127.0.0.1:0');
  const client = createClient('webrtc', 'localhost:1', { tls });
  t.after(() => client.close());
  const bus = await connectBus({ registry: `localhost:${await freePort()}`, tls });
  t.after(() => bus.close());
  const printed = [idle, ...[server, client, bus].map((object) => inspect(object, { depth: 10, showHidden: true }))];
  for (const text of printed) {
    assert.ok(!text.includes(PASSPHRASE), text);
    assert.ok(!text.includes('PRIVATE KEY'), text);
  }
});

test('what is done to the object afterwards changes nothing', LIMIT, async (t) => {
  const tls = given('server', 'PEM in a Buffer');
  const server = new Server({ tls }).addService('webrtc', { publish: async (call) => ({ id: call.request.id }) });
  const port = await server.listen('127.0.0.1:0');
  t.after(() => server.stop({ graceMs: 0 }));
  tls.ca.fill(0);
  tls.key.fill(0);
  assert.equal(await callOnce(port, pairOf(shop, 'client')), 'over TLS');
});

test('clientAuth: require, which is the default, optional, none', LIMIT, async (t) => {
  const stranger = new Workshop(t).good();
  const outsider = { ...pairOf(stranger, 'client'), ca: shop.file('ca.crt') };
  const nobody = { ca: shop.file('ca.crt') };
  for (const [clientAuth, lets] of [
    [undefined, { client: true, nobody: false, outsider: false }],
    ['require', { client: true, nobody: false, outsider: false }],
    ['optional', { client: true, nobody: true, outsider: false }],
    ['none', { client: true, nobody: true, outsider: true }],
  ]) {
    const { port } = await serve(t, { ...pairOf(shop, 'server'), clientAuth });
    for (const [who, option] of Object.entries({ client: pairOf(shop, 'client'), nobody, outsider })) {
      const answer = await callOnce(port, option);
      assert.equal(answer === 'over TLS', lets[who], `${clientAuth}: ${who}: ${answer}`);
    }
  }
});

test('clientAuth none needs no CA', LIMIT, async (t) => {
  const { cert, key } = pairOf(shop, 'server');
  const { port } = await serve(t, { cert, key, clientAuth: 'none' });
  assert.equal(await callOnce(port, { ca: shop.file('ca.crt') }), 'over TLS');
});

test('tls: false is plaintext whatever the environment says; null and undefined leave it to it', LIMIT, async (t) => {
  const env = shop.environment({ OWT_GRPC_SSL: '1' });
  const { port } = await withEnvironment(env, () => serve(t, false));
  const plain = withEnvironment(env, () => callOnce(port, false));
  assert.equal(await plain, 'over TLS');
  const impl = { publish: async (call) => ({ id: call.request.id }) };
  for (const tls of [undefined, null]) {
    const server = new Server({ tls }).addService('webrtc', impl);
    t.after(() => server.stop({ graceMs: 0 }));
    const secure = await withEnvironment(env, () => server.listen('127.0.0.1:0'));
    assert.match((await callOnce(secure, false)).message, /the peer speaks TLS and this side does not/);
    assert.equal(await withEnvironment(env, () => callOnce(secure, undefined)), 'over TLS');
  }
});

test('an option goes before the environment, of which nothing is mixed in', LIMIT, async (t) => {
  const env = shop.environment({ OWT_GRPC_ROOT_CERT: shop.file('nowhere'), OWT_GRPC_CLIENT_AUTH: 'nonsense' });
  const { port } = await withEnvironment(env, () => serve(t, { ...pairOf(shop, 'server'), clientAuth: 'none' }));
  assert.equal(await withEnvironment(env, () => callOnce(port, { ca: shop.file('ca.crt') })), 'over TLS');
  const error = await failureOf(() => withEnvironment(shop.environment(), () => createClient('webrtc', 'localhost:1', { tls: {} })));
  assert.match(error.message, /^client: option tls\.ca is needed/);
});

/** What the option cannot be, on which side, and what is said. */
const WRONG = [
  ['both', () => true, ' must be an object or false, not true'],
  ['both', () => PASSPHRASE, / must be an object or false/],
  ['both', () => 1, ' must be an object or false, not 1'],
  ['both', () => ({ ...pairOf(shop, 'server'), certificate: 'x' }), '.certificate is not known; its members are ca, cert, key, passphrase, clientAuth, strict'],
  ['both', () => ({ ...pairOf(shop, 'server'), key: undefined }), '.cert and tls.key belong together: set both'],
  ['both', () => ({ ...pairOf(shop, 'server'), cert: null }), '.cert and tls.key belong together: set both'],
  ['server', () => ({ ca: shop.file('ca.crt') }), '.cert and tls.key are needed by a server'],
  ['server', () => ({ ...pairOf(shop, 'server'), ca: undefined }), ".ca is needed: the certificates of the CAs that clients (or tls.clientAuth: 'none') are checked with"],
  ['client', () => ({ ...pairOf(shop, 'server'), ca: undefined }), '.ca is needed: the certificates of the CAs that servers are checked with'],
  ['both', () => ({ ...pairOf(shop, 'server'), ca: '' }), '.ca must be PEM as a text or Buffer, or the path of a PEM file'],
  ['both', () => ({ ...pairOf(shop, 'server'), ca: 7 }), '.ca must be PEM as a text or Buffer, or the path of a PEM file'],
  ['both', () => ({ ...pairOf(shop, 'server'), ca: [shop.file('ca.crt')] }), '.ca must be PEM as a text or Buffer, or the path of a PEM file'],
  ['both', () => ({ ...pairOf(shop, 'server'), clientAuth: 'maybe' }), '.clientAuth must be one of require, optional, none, not maybe'],
  ['both', () => ({ ...pairOf(shop, 'server'), clientAuth: false }), '.clientAuth must be one of require, optional, none, not false'],
  ['both', () => ({ ...pairOf(shop, 'server'), passphrase: Buffer.from(PASSPHRASE) }), '.passphrase must be a text'],
  ['both', () => ({ ...pairOf(shop, 'server'), strict: 'yes' }), '.strict must be true or false, not yes'],
  ['both', () => ({ ...pairOf(shop, 'server'), strict: 1 }), '.strict must be true or false, not 1'],
];

for (const [side, make, expected] of WRONG) {
  test(`wrong: option tls${expected instanceof RegExp ? ' as a text' : expected}`, LIMIT, async () => {
    const sides = {
      async server(tls) {
        const server = new Server({ tls });
        await server.listen('127.0.0.1:0');
        await server.stop();
      },
      client: (tls) => createClient('webrtc', 'localhost:1', { tls }).close(),
    };
    for (const who of side === 'both' ? ['server', 'client'] : [side]) {
      const error = await failureOf(() => sides[who](make()));
      assert.equal(error.name, 'TlsError', error.stack);
      assert.equal(error.code, 'INVALID');
      if (expected instanceof RegExp) assert.match(error.message, expected);
      else assert.equal(error.message, `${who}: option tls${expected}`);
      assert.ok(!error.message.includes(PASSPHRASE));
    }
  });
}

test('clients with equal options share one connection, and no others do', LIMIT, async (t) => {
  const peers = new Set();
  const { port } = await serve(t, { ...pairOf(shop, 'server'), clientAuth: 'optional' }, {
    async publish(call) {
      peers.add(call.getPeer());
      return { id: '' };
    },
  });
  shop.leaf('second');
  const call = async (tls) => {
    const client = createClient('webrtc', `localhost:${port}`, { tls });
    t.after(() => client.close());
    await client.publish({});
    return peers.size;
  };
  assert.equal(await call(pairOf(shop, 'client')), 1);
  assert.equal(await call(pairOf(shop, 'client')), 1, 'the same files');
  assert.equal(await call({ ...pairOf(shop, 'client'), strict: false, passphrase: undefined }), 1, 'defaults spelt out');
  assert.equal(await call({ ca: shop.file('ca.crt') }), 2, 'no certificate');
  assert.equal(await call({ ca: shop.file('ca.crt') }), 2);
  assert.equal(await call(pairOf(shop, 'second')), 3, 'another certificate');
  assert.equal(await call({ ...pairOf(shop, 'client'), strict: true }), 4, 'strict');
  assert.equal(await call(given('client', 'PEM as a text')), 5, 'content in place of paths');
  assert.equal(await call(given('client', 'PEM in a Buffer')), 5, 'the same content');
  assert.equal(await call(given('client', 'PEM as a text', { ca: `${fs.readFileSync(shop.file('ca.crt'), 'utf8')}\n` })), 6, 'other content');
  const { cert, key } = pairOf(shop, 'second');
  assert.equal(await call({ ...pairOf(shop, 'client'), cert, key }), 6, 'the same as the second one');
});
