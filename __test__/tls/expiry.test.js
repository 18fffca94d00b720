'use strict';

// Certificates that end soon are warned of when they are read, and those that have
// ended are refused: by file and date.

const assert = require('node:assert').strict;
const { before, test } = require('node:test');
const { Server, connectBus, createClient, reloadCredentials } = require('../..');
const { freePort } = require('../support/bus');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { callOnce, failureOf, logOf, pairOf, serve, withEnvironment } = require('../support/tls');

const LIMIT = { timeout: 30_000, skip: hasOpenssl ? false : 'openssl is not installed' };
const logged = logOf('warn');
const shop = hasOpenssl ? new Workshop() : null;

before(() => {
  if (shop === null) return;
  shop.good();
  shop.leaf('soon', { to: 29 });
  shop.leaf('later', { to: 31 });
  shop.leaf('today', { to: 1 });
  shop.leaf('over', { from: -30, to: -1 });
  shop.leaf('future', { from: 2 });
  shop.leaf('over1', { from: -30, to: -1, v1: true });
  shop.ca('ca-soon', { days: 10 });
  shop.leaf('mine', { signer: 'ca-soon' });
  shop.leaf('ca-over', { cn: 'ca-over', san: '', signer: null, ext: 'basicConstraints=critical,CA:TRUE', from: -30, to: -1 });
});

const day = (text) => `${new Date(text).toISOString().slice(0, 10)} UTC`;
const subjectOf = (name) => shop.read(name).subject.split('\n').join(', ');
const warning = (setting, name) => `owt-grpc: ${setting} ${shop.file(`${name}.crt`)}: the certificate of "${subjectOf(name)}" expires on ${day(shop.read(name).validTo)}: replace it before`;

/** What is logged while something is done. */
async function during(body) {
  logged.length = 0;
  await body();
  return [...logged];
}

test('a certificate that ends within 30 days: one warning at the start, naming file and date', LIMIT, async (t) => {
  for (const name of ['soon', 'today']) {
    const lines = await during(async () => {
      const { port } = await serve(t, pairOf(shop, name));
      for (let n = 0; n < 3; n++) assert.equal(await callOnce(port, pairOf(shop, 'client')), 'over TLS');
      reloadCredentials();
    });
    assert.deepEqual(lines, [warning('server: option tls.cert', name)]);
  }
});

test('a client is warned of its own, too', LIMIT, async (t) => {
  const { port } = await serve(t, pairOf(shop, 'server'));
  const lines = await during(async () => assert.equal(await callOnce(port, pairOf(shop, 'soon')), 'over TLS'));
  assert.deepEqual(lines, [warning('client: option tls.cert', 'soon')]);
});

test('a certificate that ends later is not warned of', LIMIT, async (t) => {
  const lines = await during(async () => {
    const { port } = await serve(t, pairOf(shop, 'later'));
    assert.equal(await callOnce(port, pairOf(shop, 'client')), 'over TLS');
  });
  assert.deepEqual(lines, []);
});

test("a CA that ends soon is warned of once by a process, though it is on both sides", LIMIT, async (t) => {
  const env = shop.environment({
    OWT_GRPC_ROOT_CERT: shop.file('ca-soon.crt'),
    OWT_GRPC_SERVER_CERT: shop.file('mine.crt'),
    OWT_GRPC_SERVER_KEY: shop.file('mine.key'),
    OWT_GRPC_CLIENT_CERT: shop.file('mine.crt'),
    OWT_GRPC_CLIENT_KEY: shop.file('mine.key'),
  });
  const lines = await during(async () => {
    const registry = `localhost:${await freePort()}`;
    const bus = await withEnvironment(env, () => connectBus({ registry }));
    t.after(() => bus.close());
  });
  assert.deepEqual(lines, [warning('OWT_GRPC_ROOT_CERT', 'ca-soon')]);
});

for (const [name, why] of [['over', 'expired'], ['over1', 'expired, version 1'], ['future', 'not yet valid']]) {
  test(`a certificate of one's own that is ${why}: an error that names file and date`, LIMIT, async () => {
    const { validFrom, validTo } = shop.read(name);
    const expected = {
      name: 'TlsError',
      code: 'CERTIFICATE',
      message: `option tls.cert ${shop.file(`${name}.crt`)}: the certificate of "${subjectOf(name)}" cannot be used: ` +
        (name === 'future' ? `it is not valid before ${day(validFrom)}: is the clock of this machine right?` : `it expired on ${day(validTo)}`),
    };
    const server = await failureOf(() => new Server({ tls: pairOf(shop, name) }).listen('127.0.0.1:0'));
    const client = await failureOf(() => createClient('webrtc', 'localhost:1', { tls: pairOf(shop, name) }));
    for (const [who, { name: error, code, message }] of [['server', server], ['client', client]]) {
      assert.deepEqual({ name: error, code, message }, { ...expected, message: `${who}: ${expected.message}` });
    }
  });
}

test('a CA that has expired: an error that names file and date, by option and by variable', LIMIT, async () => {
  const text = `${shop.file('ca-over.crt')}: the certificate of "${subjectOf('ca-over')}" cannot be used: it expired on ${day(shop.read('ca-over').validTo)}`;
  const byOption = await failureOf(() => createClient('webrtc', 'localhost:1', { tls: { ca: shop.file('ca-over.crt') } }));
  assert.equal(byOption.message, `client: option tls.ca ${text}`);
  const byVariable = await failureOf(() => withEnvironment(shop.environment({ OWT_GRPC_ROOT_CERT: shop.file('ca-over.crt') }), () => createClient('webrtc', 'localhost:1')));
  assert.equal(byVariable.message, `OWT_GRPC_ROOT_CERT ${text}`);
});
