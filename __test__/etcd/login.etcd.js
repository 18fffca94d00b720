'use strict';

// Who may use etcd: user and password, and certificates. `npm run test:etcd`

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { inspect } = require('node:util');
const { connectBus, setLogger } = require('../..');
const { Workshop } = require('../support/tls/certificates');
const { Etcd } = require('../support/etcd');
const { timeoutSignal } = require('../support/grpc/signals');

/** @param {any} options */
const failure = (options) => connectBus({ signal: timeoutSignal(4000), ...options }).then(
  async (bus) => {
    await bus.close();
    throw new Error('it has joined');
  },
  (error) => error,
);

test('etcd is used as a user, whose password nothing shows; a wrong one is refused, and so is a user without the right to the keys', async (t) => {
  const etcd = await Etcd.start(1);
  t.after(() => etcd.stop());
  for (const command of [
    'user add root:r', 'user grant-role root root',
    'role add bus', 'role grant-permission --prefix=true bus readwrite /mine/',
    'user add owt:s3cr3t/x', 'user grant-role owt bus',
    'auth enable',
  ]) await etcd.control(command.split(' '));
  const [endpoint] = etcd.endpoints;
  const registry = `etcd://owt:s3cr3t%2Fx@${endpoint}/mine`;
  const bus = await connectBus({ registry });
  t.after(() => bus.close());
  await bus.serve('id', { ping: () => 'pong' });
  assert.equal(await bus.call('id', 'ping'), 'pong');
  assert.ok(!inspect(bus, { depth: 20, showHidden: true }).includes('s3cr3t'));
  assert.ok(!JSON.stringify(await bus.status()).includes('s3cr3t'));
  const byOption = await connectBus({ registry: `etcd://${endpoint}/mine`, etcd: { user: 'owt', password: 's3cr3t/x' } });
  await byOption.close();

  for (const [options, expected] of /** @type {[any, RegExp][]} */ ([
    [{ registry: `etcd://owt:wr0ng@${endpoint}/mine` }, /does not accept user or password/],
    [{ registry: `etcd://${endpoint}/mine` }, /asks for a user and password/],
    [{ registry: `etcd://owt:s3cr3t%2Fx@${endpoint}/other` }, /does not let owt read and write keys below \/other\//],
  ])) {
    const error = await failure(options);
    assert.equal(error.code, 'REFUSED', `${expected}: ${error}`);
    assert.match(error.message, expected);
    assert.doesNotMatch(error.message, /s3cr3t|wr0ng/);
  }
});

test('etcd is reached with TLS, and shown a certificate of this side', async (t) => {
  const shop = new Workshop(t);
  const ca = shop.ca();
  const both = 'basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth';
  const server = shop.leaf('server', { san: 'IP:127.0.0.1', ext: both });
  const client = shop.leaf('client', { ext: both });
  const etcd = await Etcd.start(1, [], { ca, ...server, client });
  t.after(() => etcd.stop());
  const registry = etcd.url('/tls');
  const bus = await connectBus({ registry, etcd: { tls: { ca, ...client } } });
  await bus.serve('id', { ping: () => 'pong' });
  await bus.close();
  Object.assign(process.env, { OWT_GRPC_ETCD_CA: ca, OWT_GRPC_ETCD_CERT: client.cert, OWT_GRPC_ETCD_KEY: client.key });
  t.after(() => ['CA', 'CERT', 'KEY'].forEach((name) => delete process.env[`OWT_GRPC_ETCD_${name}`]));
  await (await connectBus({ registry })).close();
  delete process.env.OWT_GRPC_ETCD_KEY;
  await assert.rejects(connectBus({ registry }), /OWT_GRPC_ETCD_CERT and OWT_GRPC_ETCD_KEY belong together/);
  delete process.env.OWT_GRPC_ETCD_CERT;
  const said = [];
  setLogger({ warn: (text) => said.push(text) });
  t.after(() => setLogger(null));
  await failure({ registry });
  assert.match(said.join('\n'), /it asks for a client certificate, and this side has none: set OWT_GRPC_ETCD_CERT and OWT_GRPC_ETCD_KEY$/m);
  await failure({ registry, etcd: { tls: { ca } } });
  assert.match(said.join('\n'), /it asks for a client certificate, and this side has none: set option etcd\.tls\.cert and etcd\.tls\.key$/m);
});
