'use strict';

// Who is refused, and what is said: by a client of ours to its caller, by a server
// of ours to its log. After each refusal a good client is served as before.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const { before, test } = require('node:test');
const { createClient } = require('../..');
const { eventually } = require('../support/bus');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { callOnce, logOf, nodeClient, nodeServer, pairOf, proxyHome, serve } = require('../support/tls');

const LIMIT = { timeout: 30_000, skip: hasOpenssl ? false : 'openssl is not installed' };
const ISSUED = 'C=XX, ST=XX, L=XX, O=XX, OU=OWT, CN=';

const shop = hasOpenssl ? new Workshop() : null;
const logged = logOf();

before(() => {
  if (shop === null) return;
  shop.good();
  shop.ca('other');
});

const day = (text) => `${new Date(text).toISOString().slice(0, 10)} UTC`;
const subjectOf = (name) => shop.read(name).subject.split('\n').join(', ');

/**
 * Certificates that a client of ours refuses in a server, or a server of ours in a
 * client, unless `as` says which: how each is made, and why it is not accepted.
 */
const CERTIFICATES = {
  'of another CA': {
    make: () => shop.leaf('bad', { signer: 'other' }),
    why: `it was issued by "${ISSUED}other", which is none of the configured CAs`,
  },
  'of another CA, version 1': {
    make: () => shop.leaf('bad', { signer: 'other', v1: true }),
    why: `it was issued by "${ISSUED}other", which is none of the configured CAs`,
  },
  'of another CA with the name of ours': {
    make() {
      shop.ca('twin', { cn: 'ca' });
      shop.leaf('bad', { signer: 'twin' });
    },
    why: "its signature is not its issuer's: it was altered, or another CA has the same name",
  },
  'self-signed': {
    make: () => shop.leaf('bad', { signer: null }),
    why: 'it is self-signed, and not one of the configured CAs',
  },
  'self-signed, version 1': {
    make: () => shop.leaf('bad', { signer: null, v1: true }),
    why: 'it is self-signed, and not one of the configured CAs',
  },
  expired: {
    make: () => shop.leaf('bad', { from: -20, to: -3 }),
    why: () => `it expired on ${day(shop.read('bad').validTo)}`,
  },
  'expired, version 1': {
    make: () => shop.leaf('bad', { from: -20, to: -3, v1: true }),
    why: () => `it expired on ${day(shop.read('bad').validTo)}`,
  },
  'not yet valid': {
    make: () => shop.leaf('bad', { from: 5 }),
    why: () => `it is not valid before ${day(shop.read('bad').validFrom)}: is the clock of this machine right?`,
  },
  'not yet valid, version 1': {
    make: () => shop.leaf('bad', { from: 5, v1: true }),
    why: () => `it is not valid before ${day(shop.read('bad').validFrom)}: is the clock of this machine right?`,
  },
  'for another host': {
    as: 'server',
    make: () => shop.leaf('bad', { cn: 'other.example', san: 'DNS:other.example,IP:192.0.2.1' }),
    why: 'it is for other.example, 192.0.2.1, not for localhost',
  },
  'for another host, version 1': {
    as: 'server',
    make: () => shop.leaf('bad', { cn: 'other.example', v1: true }),
    why: 'it is for other.example, not for localhost',
  },
  'whose common name is right and whose subjectAltName is not': {
    as: 'server',
    make: () => shop.leaf('bad', { cn: 'localhost', san: 'DNS:other.example' }),
    why: 'it is for other.example, not for localhost',
  },
  'whose common name is right and whose subjectAltName has no host': {
    as: 'server',
    make: () => shop.leaf('bad', { cn: 'localhost', san: 'email:a@example.com' }),
    why: 'it is for no name, not for localhost',
  },
  'for any host of the wrong kind': {
    as: 'server',
    make: () => shop.leaf('bad', { cn: '*', san: '' }),
    why: 'it is for *, not for localhost',
  },
  'of version 1, signed with one of version 1': {
    make() {
      shop.leaf('middle', { cn: 'middle', v1: true });
      shop.leaf('bad', { signer: 'middle', v1: true });
      shop.bundle('bad', 'bad', 'middle');
    },
    why: `it was issued by "${ISSUED}middle", which is none of the configured CAs`,
  },
  'behind an intermediate of version 1': {
    make() {
      shop.leaf('middle', { cn: 'middle', v1: true });
      shop.leaf('bad', { signer: 'middle' });
      shop.bundle('bad', 'bad', 'middle');
    },
    why: `it depends on "${ISSUED}middle", an intermediate certificate of X.509 version 1: only version 3 can say that it is a CA`,
  },
  'signed with a certificate that is no CA': {
    make() {
      shop.leaf('middle', { cn: 'middle' });
      shop.leaf('bad', { signer: 'middle' });
      shop.bundle('bad', 'bad', 'middle');
    },
    why: `it was signed with the certificate of "${ISSUED}middle", which is no CA's`,
  },
  'whose intermediate was left out': {
    make() {
      shop.leaf('middle', { cn: 'middle', ext: 'basicConstraints=CA:TRUE' });
      shop.leaf('bad', { signer: 'middle' });
    },
    why: `it was issued by "${ISSUED}middle", which is none of the configured CAs`,
  },
  'of version 1 behind an intermediate, though that is a CA': {
    make() {
      shop.leaf('middle', { cn: 'middle', ext: 'basicConstraints=CA:TRUE' });
      shop.leaf('bad', { signer: 'middle', v1: true });
      shop.bundle('bad', 'bad', 'middle');
    },
    why: `it was issued by "${ISSUED}middle", which is none of the configured CAs`,
  },
  'whose signature has one bit changed': {
    make() {
      shop.leaf('good');
      shop.tampered('bad', 'good');
    },
    why: "its signature is not its issuer's: it was altered, or another CA has the same name",
  },
  'of version 1 whose signature has one bit changed': {
    make() {
      shop.leaf('good', { v1: true });
      shop.tampered('bad', 'good');
    },
    why: "its signature is not its issuer's: it was altered, or another CA has the same name",
  },
  'whose subject has one bit changed': {
    make() {
      shop.leaf('good', { cn: 'localhosu', san: 'DNS:localhost' });
      shop.tampered('bad', 'good', 'u0');
    },
    why: "its signature is not its issuer's: it was altered, or another CA has the same name",
  },
  'of version 1 whose subject has one bit changed': {
    make() {
      shop.leaf('good', { cn: 'localhosu', v1: true });
      const der = shop.read('good').raw;
      const at = der.lastIndexOf('localhosu') + 'localhos'.length;
      shop.tampered('bad', 'good', der.subarray(at, at + 2));
    },
    why: "its signature is not its issuer's: it was altered, or another CA has the same name",
  },
  'signed with SHA-1 (ECDSA)': {
    make: () => shop.leaf('bad', { digest: 'sha1' }),
    why: 'it is signed by SHA-1 with ECDSA, which can be forged: sign it with -sha256',
  },
  'signed with SHA-1 (RSA)': {
    ca: 'rsa',
    make: () => shop.leaf('bad', { signer: 'rsa', digest: 'sha1' }),
    why: 'it is signed by SHA-1 with RSA, which can be forged: sign it with -sha256',
  },
  'signed with MD5': {
    ca: 'rsa',
    // Node's own TLS is the peer that has it.
    skip: process.versions.openssl.startsWith('1.') && 'OpenSSL 1.1.1 uses no such certificate itself, whatever its security level',
    make: () => shop.leaf('bad', { signer: 'rsa', digest: 'md5', v1: true }),
    why: 'it is signed by MD5 with RSA, which can be forged: sign it with -sha256',
  },
  'with an RSA key of 1024 bits': {
    make: () => shop.leaf('bad', { kind: '1024' }),
    why: 'its RSA key has 1024 bits, and 2048 are the least',
  },
  "with an RSA key of 1024 bits, version 1": {
    make: () => shop.leaf('bad', { kind: '1024', v1: true }),
    why: 'its RSA key has 1024 bits, and 2048 are the least',
  },
  'of a CA whose RSA key has 1024 bits': {
    ca: 'weak',
    make: () => shop.leaf('bad', { signer: 'weak' }),
    unusable: `has the certificate of "${ISSUED}weak", which cannot be used: its RSA key has 1024 bits, and 2048 are the least`,
  },
  'for clients only': {
    as: 'server',
    make: () => shop.leaf('bad', { ext: 'extendedKeyUsage=clientAuth' }),
    why: 'it is not meant for a TLS server: its key usage says otherwise',
  },
  'for clients only, without subjectAltName': {
    as: 'server',
    make: () => shop.leaf('bad', { san: '', ext: 'extendedKeyUsage=clientAuth' }),
    why: 'it is not meant for a TLS server: its key usage says otherwise',
  },
  'for servers only': {
    as: 'client',
    make: () => shop.leaf('bad', { ext: 'extendedKeyUsage=serverAuth' }),
    why: 'it is not meant for a TLS client: its key usage says otherwise',
  },
  'that signs no handshakes, without subjectAltName': {
    as: 'server',
    make: () => shop.leaf('bad', { san: '', ext: 'keyUsage=critical,keyEncipherment' }),
    why: 'it is not meant for a TLS server: its key usage says otherwise',
  },
  "that is a CA's": {
    make: () => shop.leaf('bad', { ext: 'basicConstraints=critical,CA:TRUE' }),
    why: "it is a CA's certificate, which cannot be used by a server or client",
  },
  'with a critical extension that nobody knows, without subjectAltName': {
    as: 'server',
    make: () => shop.leaf('bad', { san: '', ext: '1.2.3.4.5=critical,ASN1:UTF8String:x' }),
    why: 'it has a critical extension that is not understood (1.2.3.4.5)',
  },
};

/** CAs that a row is about. */
const CAS = {
  rsa: () => shop.ca('rsa', { kind: '2048' }),
  weak: () => shop.ca('weak', { kind: '1024' }),
};

let present;

/** Makes what a row is about, unless the test before was about it. */
function prepared(row) {
  const { make, ca = 'ca' } = row;
  if (ca in CAS && !fs.existsSync(shop.file(`${ca}.crt`))) CAS[ca]();
  if (present !== row) make();
  present = row;
  return ca;
}

const bad = () => ({ cert: fs.readFileSync(shop.file('bad.crt')), key: fs.readFileSync(shop.file('bad.key')) });
const reason = ({ why }) => `the certificate of "${subjectOf('bad')}" is not accepted: ${typeof why === 'function' ? why() : why}`;

for (const [name, row] of Object.entries(CERTIFICATES)) {
  if (row.unusable) continue;
  const limit = { ...LIMIT, skip: LIMIT.skip || row.skip };
  if (row.as !== 'client') {
    test(`a server's certificate ${name}: the client's call fails and says why`, limit, async (t) => {
      const ca = prepared(row);
      const { port, served } = await nodeServer(t, bad());
      const error = await callOnce(port, { ca: shop.file(`${ca}.crt`) });
      assert.equal(error.code, 14);
      assert.equal(error.message, `14 UNAVAILABLE: No connection established to localhost:${port}: ${reason(row)}`);
      assert.deepEqual([served.sessions, served.requests], [0, 0]);
    });
  }
  if (row.as !== 'server') {
    test(`a client's certificate ${name}: the server refuses it, says why in its log, and goes on`, limit, async (t) => {
      const ca = prepared(row);
      const mine = ca === 'ca' ? 'server' : `by-${ca}`;
      if (!fs.existsSync(shop.file(`${mine}.crt`))) shop.leaf(mine, { signer: ca });
      const { port } = await serve(t, pairOf(shop, mine, ca));
      logged.length = 0;
      const end = await nodeClient(port, { ...bad(), ca: fs.readFileSync(shop.file(`${ca}.crt`)) });
      assert.match(String(end), /alert|ECONNRESET/, 'the client was refused');
      await eventually(() => logged.length > 0, 'a line in the log');
      assert.equal(logged.length, 1);
      assert.ok(logged[0].endsWith(` to port ${port}: ${reason(row)}`), logged[0]);
      assert.match(logged[0], /^owt-grpc: connection from 127\.0\.0\.1:\d+ to port/);
      assert.equal(await callOnce(port, pairOf(shop, mine, ca)), 'over TLS');
    });
  }
}

test('a CA whose key is too weak is refused when it is configured', LIMIT, async () => {
  const row = CERTIFICATES['of a CA whose RSA key has 1024 bits'];
  prepared(row);
  const file = shop.file('weak.crt');
  assert.throws(() => createClient('webrtc', 'localhost:1', { tls: { ca: file } }), {
    name: 'TlsError',
    code: 'CERTIFICATE',
    message: `client: option tls.ca ${file} ${row.unusable}`,
  });
});

test('a CA that may sign certain names only signs none without subjectAltName', LIMIT, async (t) => {
  shop.write('constrained.cnf', '[req]\ndistinguished_name=dn\nx509_extensions=v3\n[dn]\n[v3]\nbasicConstraints=critical,CA:TRUE\nnameConstraints=critical,permitted;DNS:localhost\n');
  shop.key('constrained');
  shop.openssl('req', '-new', '-x509', '-config', 'constrained.cnf', '-days', '99', '-key', 'constrained.key', '-out', 'constrained.crt', '-subj', '/CN=constrained');
  const answers = {};
  for (const [name, v1] of [['bad', true], ['fine', false]]) {
    const files = shop.leaf(name, { signer: 'constrained', v1 });
    const { port } = await nodeServer(t, { cert: fs.readFileSync(files.cert), key: fs.readFileSync(files.key) });
    answers[name] = (await callOnce(port, { ca: shop.file('constrained.crt') })).message;
  }
  assert.ok(answers.bad.endsWith('its CA may sign only certain names, which a certificate without subjectAltName cannot be held to'), answers.bad);
  // It came through; what Node's server then answers is no reply.
  assert.doesNotMatch(answers.fine, /No connection established/);
});

/** Names in certificates, and the hosts that they are and are not for. */
const WILDCARDS = {
  '*.b.example': { 'a.b.example': true, 'A.B.Example': true, 'b.example': false, 'x.a.b.example': false, 'a.c.example': false },
  '*.example': { 'a.b.example': false },
  'a.*.example': { 'a.b.example': false },
  'a*.b.example': { 'ab.b.example': false },
  'B.Example': { 'b.example': true, 'a.b.example': false },
};

for (const v1 of [false, true]) {
  test(`a wildcard stands for one whole label, on the left (${v1 ? 'version 1' : 'subjectAltName'})`, LIMIT, async (t) => {
    const proxy = await proxyHome(t);
    const option = { ca: shop.file('ca.crt') };
    for (const [name, hosts] of Object.entries(WILDCARDS)) {
      // Files of their own: this is not about files that change.
      const wild = `wild-${v1}-${name.replace(/\*/g, 'any')}`;
      shop.leaf(wild, { cn: name, san: `DNS:${name}`, v1 });
      const server = await serve(t, { ...pairOf(shop, wild), clientAuth: 'none' });
      for (const [host, fits] of Object.entries(hosts)) {
        const answer = await callOnce(server.port, option, { host, proxy });
        if (fits) assert.equal(answer, 'over TLS', `${name} ${host}`);
        else assert.match(String(answer), new RegExp(`is not accepted: it is for .*, not for ${host}$`), `${name} ${host}`);
      }
      await server.server.stop();
    }
  });
}
