'use strict';

// TLS begins behind the proxy: the certificate is held against the target, and the
// proxy sees nothing but bytes.

const assert = require('node:assert').strict;
const { before, test } = require('node:test');
const { Server, createClient } = require('../..');
const { startProxy } = require('../support/net/connect-proxy');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');

const LIMIT = { timeout: 20_000, skip: hasOpenssl ? false : 'needs openssl' };
const impl = { publish: (call) => ({ id: call.request.id }) };

let workshop;
before(() => {
  if (hasOpenssl) workshop = new Workshop().good();
});

const pair = (name) => ({ ca: workshop.file('ca.crt'), cert: workshop.file(`${name}.crt`), key: workshop.file(`${name}.key`) });

async function serve(t) {
  const server = new Server({ tls: pair('server') }).addService('webrtc', impl);
  t.after(() => server.stop({ graceMs: 0 }));
  return server.listen('127.0.0.1:0');
}

test('mutual TLS goes through the tunnel', LIMIT, async (t) => {
  const target = `localhost:${await serve(t)}`;
  const proxy = await startProxy(t, { tls: true });
  const client = createClient('webrtc', target, { proxy: proxy.url, tls: pair('client') });
  t.after(() => client.close());
  assert.equal((await client.publish({ id: 'x' })).id, 'x');
  assert.equal(proxy.asked[0].line, `CONNECT ${target}`);
});

test('the certificate has to be for the target, and the error names both', LIMIT, async (t) => {
  const target = `127.0.0.1:${await serve(t)}`;
  const proxy = await startProxy(t, { tls: true });
  const client = createClient('webrtc', target, { proxy: proxy.url, tls: pair('client') });
  t.after(() => client.close());
  await assert.rejects(client.publish({ id: 'x' }, { timeout: 5000 }), (error) => {
    assert.equal(error.code, 14);
    assert.match(error.details, /^No connection established to 127\.0\.0\.1:\d+ through the proxy http:\/\/127\.0\.0\.1:\d+: the certificate of .* is for localhost, not for 127\.0\.0\.1$/);
    return true;
  });
});
