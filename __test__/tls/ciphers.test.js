'use strict';

// Keys that are encrypted with ciphers of all ages. Those that OpenSSL 3 has put
// aside are opened by Node.js 14 and 16, and named by later versions.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const { test } = require('node:test');
const { readMaterial } = require('../../lib/tls/material');
const { Secret } = require('../../lib/credentials/secret');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');

/** OpenSSL 1.1.1 has them all, and knows no providers. */
const OLD = ['-provider', 'legacy', '-provider', 'default'];
const hasOld = hasOpenssl && spawnSync('openssl', ['list', '-cipher-algorithms', ...OLD]).status === 0;
const old = hasOld ? OLD : [];
const limit = { skip: !hasOpenssl && 'needs openssl', timeout: 60_000 };

const pkcs8 = (shop, ...how) => shop.openssl('pkcs8', ...old, '-topk8', '-in', 'plain.key', ...how, '-passout', 'pass:secret', '-out', 'one.key');
const traditional = (shop, cipher) => shop.openssl('rsa', ...old, '-in', 'plain.key', ...(hasOld ? ['-traditional'] : []), `-${cipher}`, '-passout', 'pass:secret', '-out', 'one.key');

/** How a key is made, the cipher that it takes, and whether OpenSSL 3 has put that aside. */
const KEYS = {
  'traditional, DES': [(shop) => traditional(shop, 'des'), 'DES-CBC', true],
  'traditional, triple DES': [(shop) => traditional(shop, 'des3'), 'DES-EDE3-CBC', false],
  'traditional, AES': [(shop) => traditional(shop, 'aes256'), 'AES-256-CBC', false],
  'traditional, SEED': [(shop) => traditional(shop, 'seed'), 'SEED-CBC', true],
  'PBE-MD5-DES': [(shop) => pkcs8(shop, '-v1', 'PBE-MD5-DES'), 'DES-CBC', true],
  'PBE-SHA1-RC2-40': [(shop) => pkcs8(shop, '-v1', 'PBE-SHA1-RC2-40'), 'RC2-40-CBC', true],
  'PBE-SHA1-RC4-128': [(shop) => pkcs8(shop, '-v1', 'PBE-SHA1-RC4-128'), 'RC4', true],
  'PBE-SHA1-2DES': [(shop) => pkcs8(shop, '-v1', 'PBE-SHA1-2DES'), 'DES-EDE-CBC', false],
  'PBE-SHA1-3DES': [(shop) => pkcs8(shop, '-v1', 'PBE-SHA1-3DES'), 'DES-EDE3-CBC', false],
  'PBES2, DES': [(shop) => pkcs8(shop, '-v2', 'des'), 'DES-CBC', true],
  'PBES2, RC2': [(shop) => pkcs8(shop, '-v2', 'rc2'), 'RC2-CBC', true],
  'PBES2, Blowfish': [(shop) => pkcs8(shop, '-v2', 'bf'), 'BF-CBC', true],
  'PBES2, triple DES': [(shop) => pkcs8(shop, '-v2', 'des3'), 'DES-EDE3-CBC', false],
  'PBES2, AES': [(shop) => pkcs8(shop, '-v2', 'aes-128-cbc'), 'AES-128-CBC', false],
  'scrypt, AES': [(shop) => pkcs8(shop, '-scrypt'), 'AES-256-CBC', false],
};

/** Why a key cannot be opened; null if it can. */
function refusal(file, passphrase) {
  try {
    readMaterial({ role: 'client', ca: null, cert: null, key: { name: `KEY ${file}`, file, pem: null }, passphrase: new Secret(passphrase), store: null, clientAuth: 'none', strict: null, pair: '' });
    return null;
  } catch (error) {
    return `${error.code}: ${error.message}`;
  }
}

for (const [name, [make, cipher, isOld]] of Object.entries(KEYS)) {
  test(`a key that is encrypted (${name}) is opened, or its cipher is named with the command that helps`, limit, (t) => {
    const shop = new Workshop(t);
    shop.key('plain', 2048);
    make(shop);
    const file = shop.file('one.key');
    assert.match(fs.readFileSync(file, 'latin1'), /ENCRYPTED/);
    const wrong = `PASSPHRASE: KEY ${file} cannot be opened: its passphrase is another one than option tls.passphrase, or the file is damaged`;
    if (!isOld || process.versions.openssl.startsWith('1.')) {
      assert.deepEqual([refusal(file, 'secret'), refusal(file, 'mistyped')], [null, wrong]);
      return;
    }
    const command = `openssl pkcs8 -topk8 -v2 aes-256-cbc -in ${file} -out ${file}.new`;
    const named = `CERTIFICATE: KEY ${file} is encrypted with ${cipher}, which this Node.js cannot open, nor tell whether its passphrase is right: encrypt it again, ${command} (from OpenSSL 3 on with -provider legacy -provider default)`;
    assert.deepEqual([refusal(file, 'secret'), refusal(file, 'mistyped')], [named, named]);
    shop.openssl(...command.split(' ').slice(1), ...old, '-passin', 'pass:secret', '-passout', 'pass:secret');
    assert.equal(refusal(`${file}.new`, 'secret'), null);
  });
}

test('what is no key says what it is, in the same words on all versions', limit, (t) => {
  const shop = new Workshop(t);
  shop.ca();
  const damaged = fs.readFileSync(shop.file('ca.key'), 'utf8').split('\n');
  damaged.splice(1, 1);
  for (const [name, text, expected] of [
    ['empty.key', '', 'there is no -----BEGIN PRIVATE KEY----- in it'],
    ['garbage.key', crypto.randomBytes(200), 'there is no -----BEGIN PRIVATE KEY----- in it'],
    ['certificate.key', fs.readFileSync(shop.file('ca.crt')), 'it has -----BEGIN CERTIFICATE----- in it'],
    ['damaged.key', damaged.join('\n'), 'it is damaged, or of a kind that this Node.js does not know'],
  ]) assert.equal(refusal(shop.write(name, text), 'secret'), `CERTIFICATE: KEY ${shop.file(name)} is no private key in PEM (${expected})`);
});
