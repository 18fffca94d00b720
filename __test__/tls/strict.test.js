'use strict';

// OWT_GRPC_TLS_STRICT, or option tls.strict: certificates of the old kind are refused.

const assert = require('node:assert').strict;
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { before, test } = require('node:test');
const { Server, createClient } = require('../..');
const { eventually } = require('../support/bus');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { callOnce, failureOf, logOf, nodeServer, pairOf, serve, withEnvironment } = require('../support/tls');

const LIMIT = { timeout: 30_000, skip: hasOpenssl ? false : 'openssl is not installed' };
const shop = hasOpenssl ? new Workshop() : null;
const logged = logOf();

before(() => shop?.good());

test('strict: what the guide makes is refused, and the command that is shown makes what is accepted', LIMIT, async (t) => {
  const guide = await new Workshop(t).guide({ bits: '2048' });
  for (const name of ['ca', 'server', 'client']) guide.openssl('rsa', '-in', `${name}.key`, '-passin', `pass:${name} secret`, '-out', `${name}.key`);
  const option = { ...pairOf(guide, 'server'), strict: true };
  const failure = await new Server({ tls: option }).listen('127.0.0.1:0').then(assert.fail, (error) => error);
  assert.equal(failure.name, 'TlsError');
  const command = "printf 'subjectAltName=DNS:localhost' > san.ext && openssl x509 -req -days 365 -sha256 -in server.csr -CA ca.crt -CAkey ca.key -set_serial 01 -extfile san.ext -out server.crt";
  assert.equal(failure.message, `server: option tls.cert ${guide.file('server.crt')} is not accepted: it is of the old kind, without subjectAltName, and option tls.strict is set. Make a good one from the same request: ${command}`);

  // A server that is not strict, and a client that is.
  const lax = await serve(t, { ...pairOf(guide, 'server'), clientAuth: 'none' });
  const strictClient = { ca: guide.file('ca.crt'), strict: true };
  const error = await callOnce(lax.port, strictClient);
  assert.equal(error.code, 14);
  assert.ok(error.message.endsWith(`Make a good one from the same request: ${command}`), error.message);
  assert.equal(await callOnce(lax.port, { ca: guide.file('ca.crt') }), 'over TLS');

  execFileSync('sh', ['-c', command], { cwd: guide.folder, stdio: 'ignore' });
  const { port } = await serve(t, option);
  logged.length = 0;
  const refused = await callOnce(port, pairOf(guide, 'client'));
  assert.equal(refused.code, 14);
  await eventually(() => logged.length > 0, 'a line in the log');
  const own = command.replace(/server/g, 'client');
  assert.match(logged[0], /: the certificate of ".*" is not accepted: it is of the old kind, without subjectAltName/);
  assert.ok(logged[0].endsWith(`option tls.strict is set. Make a good one from the same request: ${own}`), logged[0]);
  execFileSync('sh', ['-c', own], { cwd: guide.folder, stdio: 'ignore' });
  assert.equal(await callOnce(port, { ...pairOf(guide, 'client'), strict: true }), 'over TLS');
});

test('strict: a certificate of version 3 without subjectAltName is of the old kind in both directions', LIMIT, async (t) => {
  const files = shop.leaf('nameless', { san: '' });
  const { port } = await serve(t, { ...pairOf(shop, 'server'), strict: true });
  logged.length = 0;
  const error = await callOnce(port, pairOf(shop, 'nameless'));
  assert.equal(error.code, 14, `accepted: ${error}`);
  await eventually(() => logged.length > 0, 'a line in the log');
  assert.match(logged[0], /: it is of the old kind, without subjectAltName/);
  assert.equal(await callOnce(port, pairOf(shop, 'client')), 'over TLS');

  const { port: other } = await nodeServer(t, { cert: fs.readFileSync(files.cert), key: fs.readFileSync(files.key) });
  assert.match((await callOnce(other, { ca: shop.file('ca.crt'), strict: true })).message, /: it is of the old kind, without subjectAltName/);
});

test('OWT_GRPC_TLS_STRICT is the same for the environment, unless it is 0, false or empty', LIMIT, async () => {
  shop.leaf('old', { v1: true });
  const env = shop.environment({ OWT_GRPC_SERVER_CERT: shop.file('old.crt'), OWT_GRPC_SERVER_KEY: shop.file('old.key') });
  const start = (value) => withEnvironment({ ...env, OWT_GRPC_TLS_STRICT: value }, () => new Server().listen('127.0.0.1:0'));
  for (const on of ['1', 'true', 'yes']) {
    const { code, message } = await failureOf(() => start(on));
    assert.equal(code, 'CERTIFICATE');
    assert.ok(message.startsWith(`OWT_GRPC_SERVER_CERT ${shop.file('old.crt')} is not accepted: it is of the old kind`), message);
    assert.match(message, /and OWT_GRPC_TLS_STRICT is set\. .* -in old\.csr .* -out old\.crt$/);
  }
  for (const off of ['', '0', 'false']) {
    const server = new Server();
    await withEnvironment({ ...env, OWT_GRPC_TLS_STRICT: off }, () => server.listen('127.0.0.1:0'));
    await server.stop();
  }
  // A client's own, too.
  const own = { OWT_GRPC_CLIENT_CERT: shop.file('old.crt'), OWT_GRPC_CLIENT_KEY: shop.file('old.key'), OWT_GRPC_TLS_STRICT: '1' };
  const client = await failureOf(() => withEnvironment(shop.environment(own), () => createClient('webrtc', 'localhost:1')));
  assert.match(client.message, /^OWT_GRPC_CLIENT_CERT .* is not accepted: it is of the old kind/);
});
