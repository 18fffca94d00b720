'use strict';

// Certificates of version 3, for host names and addresses, each for its one
// purpose; keys as PKCS#8, encrypted with AES-256.

const { generateKeyPair, randomBytes } = require('node:crypto');
const fs = require('node:fs');
const { isIP } = require('node:net');
const path = require('node:path');
const { promisify } = require('node:util');
const { from } = require('./openssl');

const generate = promisify(generateKeyPair);

/** Of a CA, at least: pairs are made anew more often. */
const CA_DAYS = 3650;

/**
 * @typedef {object} Settings
 * @property {string[]} hosts names and addresses, checked
 * @property {number | null} rsa bits; null for ECDSA on P-256
 * @property {number} days
 * @property {string} [uri] a name that is no host's
 * @property {string} [subject] what the pair is called beside server and client
 */

/**
 * @param {string} folder
 * @param {import('./openssl').Openssl} openssl works in the folder
 * @param {import('./openssl').Passphrases} passphrases
 * @param {Settings} settings
 * @returns {import('./guide').Style}
 */
function modernStyle(folder, openssl, passphrases, settings) {
  fs.writeFileSync(path.join(folder, 'modern.cnf'), configuration(settings));
  // A name of its own: two CAs in one bundle can be told apart.
  const ca = `/O=OWT/CN=owt-grpc CA ${randomBytes(4).toString('hex')}`;
  return {
    async key(name) {
      const privateKeyEncoding = /** @type {const} */ ({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: passphrases[name] });
      const publicKeyEncoding = /** @type {const} */ ({ type: 'spki', format: 'pem' });
      const { privateKey } = settings.rsa === null
        ? await generate('ec', { namedCurve: 'P-256', privateKeyEncoding, publicKeyEncoding })
        : await generate('rsa', { modulusLength: settings.rsa, privateKeyEncoding, publicKeyEncoding });
      fs.writeFileSync(path.join(folder, `${name}.key`), privateKey, { mode: 0o600 });
    },
    authority: () => openssl('req', '-new', '-x509', '-sha256', '-config', 'modern.cnf', '-extensions', 'ca', '-days', String(Math.max(CA_DAYS, settings.days)), '-set_serial', serial(),
      '-key', 'ca.key', '-passin', from('ca'), '-subj', ca, '-out', 'ca.crt'),
    async certificate(name) {
      const subject = `/O=OWT/CN=OWT ${settings.subject === undefined ? name : `${settings.subject} ${name}`}`;
      await openssl('req', '-new', '-sha256', '-config', 'modern.cnf', '-key', `${name}.key`, '-passin', from(name), '-subj', subject, '-out', `${name}.csr`);
      await openssl('x509', '-req', '-sha256', '-extfile', 'modern.cnf', '-extensions', name, '-days', String(settings.days), '-set_serial', serial(),
        '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-passin', from('ca'), '-out', `${name}.crt`);
    },
  };
}

/** Positive, and of 16 bytes whatever is drawn. */
function serial() {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] & 0x3f) | 0x40;
  return `0x${bytes.toString('hex')}`;
}

/** @param {Settings} settings */
function configuration({ hosts, rsa, uri }) {
  const names = hosts.map((host, at) => `${isIP(host) ? 'IP' : 'DNS'}.${at + 1} = ${host}`);
  if (uri !== undefined) names.push(`URI.1 = ${uri}`);
  const leaf = (/** @type {string} */ purpose) => `basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature${rsa === null ? '' : ',keyEncipherment'}
extendedKeyUsage = ${purpose}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = @names`;
  return `[req]
distinguished_name = subject
prompt = no
[subject]
O = OWT
[ca]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
${leaf('serverAuth')}
[client]
${leaf('clientAuth')}
[names]
${names.join('\n')}
`;
}

module.exports = { modernStyle };
