'use strict';

// The certificates of OWT's guide, by its own commands: X.509 version 1, a common
// name only, RSA keys that are encrypted with triple DES.

const { randomBytes } = require('node:crypto');
const { from, opensslIn } = require('./openssl');

const SUBJECT = '/C=XX/ST=XX/L=XX/O=XX/OU=OWT';

/**
 * @typedef {object} Settings
 * @property {string} [cn] the host name that the certificates are for
 * @property {string | number} [bits] of the keys
 * @property {number} [days]
 * @property {boolean} [traditional] keys in the form of older OpenSSL
 */

/**
 * @param {import('./openssl').Openssl} openssl
 * @param {Settings} settings
 */
function guideStyle(openssl, { cn = 'localhost', bits = 4096, days = 365, traditional = false }) {
  const form = traditional ? ['-traditional'] : [];
  return {
    /** @param {'ca' | 'server' | 'client'} name */
    key: (name) => openssl('genrsa', ...form, '-des3', '-passout', from(name), '-out', `${name}.key`, String(bits)),

    authority: () => openssl('req', '-new', '-x509', '-days', String(days), '-key', 'ca.key', '-passin', from('ca'), '-out', 'ca.crt', '-subj', `${SUBJECT}/CN=ca`),

    /** @param {'server' | 'client'} name */
    async certificate(name) {
      await openssl('req', '-new', '-key', `${name}.key`, '-passin', from(name), '-out', `${name}.csr`, '-subj', `${SUBJECT}/CN=${cn}`);
      await openssl('x509', '-req', '-days', String(days), '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-passin', from('ca'), '-set_serial', '01', '-out', `${name}.crt`);
    },
  };
}

/**
 * A CA, and a pair for servers and one for clients.
 *
 * @param {string} folder
 * @param {Settings & { passphrases?: import('./openssl').Passphrases }} [settings]
 * @returns {Promise<import('./openssl').Passphrases>}
 */
async function makeGuide(folder, { passphrases = freshPassphrases(), ...settings } = {}) {
  await makeAll(guideStyle(opensslIn(folder, passphrases), settings), true);
  return passphrases;
}

/**
 * @typedef {object} Style how each part is made, in a folder
 * @property {(name: 'ca' | 'server' | 'client') => Promise<void>} key
 * @property {() => Promise<void>} authority
 * @property {(name: 'server' | 'client') => Promise<void>} certificate
 */

/**
 * @param {Style} style
 * @param {boolean} isNewCa false: there is one in the folder
 */
async function makeAll(style, isNewCa) {
  const names = /** @type {const} */ (['ca', 'server', 'client']);
  // Side by side: large keys take their time.
  await Promise.all(names.filter((name) => isNewCa || name !== 'ca').map((name) => style.key(name)));
  if (isNewCa) await style.authority();
  await style.certificate('server');
  await style.certificate('client');
}

/** @returns {import('./openssl').Passphrases} */
function freshPassphrases() {
  const fresh = () => randomBytes(18).toString('base64url');
  return { ca: fresh(), server: fresh(), client: fresh() };
}

module.exports = { freshPassphrases, guideStyle, makeAll, makeGuide };
