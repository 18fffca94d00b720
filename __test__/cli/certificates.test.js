'use strict';

// Certificates as `owt-grpc doctor` and `owt-grpc certs` read them, held against
// Node's own reader, which came with 15.6 and looks at names as it does now from 18 on.

const assert = require('node:assert').strict;
const crypto = require('node:crypto');
const fs = require('node:fs');
const { isIP } = require('node:net');
const { test } = require('node:test');
const { isPair } = require('../../lib/cli/certs/authority');
const { readCertificate } = require('../../lib/cli/certs/openssl');
const { native } = require('../../lib/crossing/addon');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');

// eslint-disable-next-line n/no-unsupported-features/node-builtins -- what is held against it is here on all versions
const { X509Certificate } = crypto;
const skip = !hasOpenssl ? 'needs openssl' : Number(process.versions.node.split('.')[0]) < 18 && `Node.js ${process.versions.node} has no such reader`;
const limit = { skip, timeout: 120_000 };

const pem = (shop, name) => fs.readFileSync(shop.file(`${name}.crt`));
const byNode = (shop, name) => new X509Certificate(pem(shop, name));

/** What the native side is given for one side. */
const material = (shop, roots, name, key = name) => ({
  roots: roots && pem(shop, roots), rootsName: 'roots', certificate: pem(shop, name), certificateName: 'certificate', certificateStem: null,
  key: crypto.createPrivateKey(fs.readFileSync(shop.file(`${key}.key`))).export({ type: 'pkcs8', format: 'der' }), keyName: 'key', clientAuth: 'require', strict: null, pair: '',
});

const HOSTS = [
  'localhost', 'LocalHost', 'a.example.com', 'A.EXAMPLE.com', 'b.a.example.com', 'example.com', 'com', 'xn--bcher-kva.example', 'other.test',
  '127.0.0.1', '10.0.0.5', '::1', '0:0:0:0:0:0:0:1', 'fd00::5', '::ffff:127.0.0.1', 'a b', '', 'not_an_ip', '1.2.3',
];
const NAMES = [
  { san: 'DNS:localhost' },
  { san: 'DNS:LOCALHOST,IP:127.0.0.1,IP:::1' },
  { san: 'DNS:*.example.com' },
  { san: 'DNS:*.EXAMPLE.com,DNS:example.com' },
  { san: 'DNS:*.a.example.com' },
  { san: 'DNS:*.com' },
  { san: 'DNS:a.*.com' },
  { san: 'DNS:xn--bcher-kva.example' },
  { san: 'IP:10.0.0.5,IP:fd00::5', cn: 'nobody.test' },
  { san: 'DNS:other.test,email:a@example.com,URI:https://localhost/', cn: 'localhost' },
  { san: 'DNS:127.0.0.1' },
  { san: '', cn: 'localhost' },
  { san: '', cn: '*.example.com' },
  { san: '', cn: '127.0.0.1' },
  { san: '', cn: 'a.example.com', v1: true },
  { san: '', cn: '*.example.com', v1: true },
];

test('names and addresses that a certificate is for', limit, (t) => {
  const shop = new Workshop(t);
  shop.ca();
  for (const names of NAMES) {
    shop.leaf('leaf', names);
    const node = byNode(shop, 'leaf');
    for (const host of HOSTS) {
      const expected = host !== '' && (isIP(host) ? node.checkIP(host) : node.checkHost(host)) !== undefined;
      assert.equal(native().isCertificateFor(pem(shop, 'leaf'), host), expected, `${JSON.stringify(names)} for ${JSON.stringify(host)}`);
    }
  }
});

// The doctor tells what this package's TLS does, and that is stricter than OpenSSL
// in names that are old or unclear.
test('where TLS of this package is of another mind than OpenSSL, the doctor is of its mind', limit, (t) => {
  const shop = new Workshop(t);
  shop.ca();
  for (const [names, host, ours, openssl] of [
    [{ san: 'DNS:f*.example.com' }, 'foo.example.com', false, true],
    [{ san: 'IP:10.0.0.5', cn: 'localhost' }, 'localhost', false, true],
    [{ san: 'DNS:localhost' }, 'localhost.', true, false],
    [{ san: 'DNS:*.example.com' }, 'a_b.example.com', true, false],
    // OpenSSL takes it for a pattern.
    [{ san: 'DNS:*.example.com' }, '.example.com', false, true],
  ]) {
    shop.leaf('leaf', names);
    assert.deepEqual([native().isCertificateFor(pem(shop, 'leaf'), host), byNode(shop, 'leaf').checkHost(host) !== undefined], [ours, openssl], `${JSON.stringify(names)} for ${host}`);
  }
});

test('dates, names and who is a CA', limit, async (t) => {
  const shop = new Workshop(t);
  shop.ca();
  const extensions = ['basicConstraints=CA:TRUE', 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign', 'basicConstraints=CA:TRUE\nkeyUsage=digitalSignature', 'keyUsage=keyCertSign',
    'basicConstraints=CA:TRUE\nextendedKeyUsage=serverAuth', 'basicConstraints=CA:FALSE', 'nsCertType=sslCA', 'keyUsage=digitalSignature'];
  const made = [
    ...extensions.map((ext) => ({ ext, signer: null, san: '' })),
    ...extensions.map((ext) => ({ ext, san: 'DNS:localhost,IP:10.0.0.5,IP:fd00::5,DNS:*.example.com' })),
    { v1: true, signer: null }, { v1: true }, { from: -20, to: -10 }, { from: 5, to: 20 }, { from: -1000, to: 20_000, v1: true }, { kind: 2048, signer: null }, { kind: 'P-521', signer: null }, { kind: 'ED25519', signer: null },
  ];
  for (const what of made) {
    shop.leaf('one', what);
    const node = byNode(shop, 'one');
    const shown = JSON.stringify(what);
    const [facts, ...others] = native().readCertificates(pem(shop, 'one'));
    assert.equal(others.length, 0);
    assert.deepEqual([facts.notBefore, facts.notAfter], [Date.parse(node.validFrom), Date.parse(node.validTo)], shown);
    const names = [...facts.dnsNames.map((name) => `DNS:${name}`), ...facts.addresses.map((address) => `IP Address:${address}`)];
    const expected = (node.subjectAltName ?? '').replace('FD00:0:0:0:0:0:0:5', 'fd00::5').split(', ').filter(Boolean);
    assert.deepEqual(names.sort(), expected.sort(), shown);
    assert.deepEqual(facts.commonNames, [/^CN=(.*)$/m.exec(node.subject)[1]], shown);

    const { publicKey, endsAt, isCa } = await readCertificate(shop.file('one.crt'));
    assert.deepEqual([endsAt.getTime(), isCa], [Date.parse(node.validTo), node.ca], shown);
    assert.equal(publicKey.trim(), node.publicKey.export({ type: 'spki', format: 'pem' }).trim(), shown);
  }
  assert.equal(await readCertificate(shop.file('one.key')), null);
  assert.equal(await readCertificate(shop.file('none')), null);
  assert.deepEqual(native().readCertificates(fs.readFileSync(shop.file('one.key'))), []);
});

test('who has signed a certificate', limit, (t) => {
  const shop = new Workshop(t);
  const cas = { ec: 'ec', p384: 'P-384', rsa: 2048, ed: 'ED25519' };
  for (const [name, kind] of Object.entries(cas)) {
    shop.ca(name, { kind });
    shop.ca(`twin-${name}`, { kind, cn: name });
  }
  shop.ca('old', { v1: true });
  const all = [...Object.keys(cas), ...Object.keys(cas).map((name) => `twin-${name}`), 'old'];
  for (const signer of all) {
    for (const [at, what] of [{}, { v1: true }, { san: '', ext: 'extendedKeyUsage=serverAuth,clientAuth' }].entries()) {
      shop.leaf('leaf', { ...what, signer });
      const leaf = byNode(shop, 'leaf');
      for (const ca of all) {
        const root = byNode(shop, ca);
        const isSigned = leaf.checkIssued(root) && leaf.verify(root.publicKey);
        assert.equal(isSigned, ca === signer, 'Node itself');
        for (const forServer of [true, false]) {
          const judged = native().judgeCertificate(forServer, material(shop, ca, 'leaf'));
          assert.deepEqual(judged && judged.ofIssuer, isSigned ? null : true, `${signer} ${at} by ${ca}: ${judged?.text}`);
        }
      }
      shop.bundle('bundle', ...all);
      assert.equal(native().judgeCertificate(true, material(shop, 'bundle', 'leaf')), null);
    }
  }
});

test('a certificate that its CA has signed, and that others refuse all the same', limit, (t) => {
  const shop = new Workshop(t);
  shop.ca();
  shop.ca('over', { cn: 'ca' });
  shop.leaf('client', { ext: 'extendedKeyUsage=clientAuth' });
  shop.leaf('server', { ext: 'extendedKeyUsage=serverAuth' });
  shop.leaf('sha1', { digest: 'sha1' });
  shop.leaf('between', { ext: 'basicConstraints=critical,CA:TRUE', san: '', cn: 'between' });
  shop.leaf('below', { signer: 'between' });
  shop.bundle('chain', 'below', 'between');
  const judge = (forServer, name, key = name) => native().judgeCertificate(forServer, material(shop, 'ca', name, key))?.text ?? null;
  assert.match(judge(true, 'client'), /not meant for a TLS server/);
  assert.equal(judge(false, 'client'), null);
  assert.match(judge(false, 'server'), /not meant for a TLS client/);
  assert.equal(judge(true, 'server'), null);
  assert.match(judge(true, 'sha1'), /can be forged/);
  assert.match(judge(true, 'below'), /none of the configured CAs/);
  assert.equal(judge(true, 'chain', 'below'), null);
  assert.equal(native().judgeCertificate(true, material(shop, null, 'server')), null);
});

test('whether a key belongs to a certificate', limit, async (t) => {
  const shop = new Workshop(t);
  shop.ca();
  const names = ['ec', 'ec2', 'p384', 'rsa', 'rsa2'];
  const kinds = { ec2: 'ec', p384: 'P-384', rsa: 2048, rsa2: 2048 };
  for (const name of names) shop.leaf(name, { kind: kinds[name], signer: null });
  for (const [name, kind] of Object.entries({ ed: 'ED25519', p521: 'P-521', pss: 'RSA-PSS' })) shop.leaf(name, { kind, signer: null });
  for (const name of [...names, 'ed', 'p521', 'pss']) {
    const { publicKey } = await readCertificate(shop.file(`${name}.crt`));
    for (const other of [...names, 'ed', 'p521', 'pss']) {
      const key = crypto.createPrivateKey(fs.readFileSync(shop.file(`${other}.key`)));
      const belongs = byNode(shop, name).checkPrivateKey(key);
      assert.equal(belongs, name === other);
      assert.equal(isPair(key, publicKey), belongs, `${name} and ${other}`);
      if (!names.includes(name) || !names.includes(other)) continue;
      const use = () => new (native().Credentials)(true, material(shop, 'ca', name, other));
      if (belongs) use();
      else assert.throws(use, /does not belong to the certificate/);
    }
  }
});
