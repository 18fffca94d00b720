'use strict';

// Reads what a plan names. Keys are opened in this process by OpenSSL, which
// knows all the forms that OWT's guide has made over time, and cross as PKCS#8.

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { STORE, grpcPassphrases } = require('../credentials/store');
const { codeOf, messageOf } = require('../common/errors');
const { whyClosed } = require('./cipher');
const { TlsError } = require('./errors');

const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;
/** Certificates and keys are a few kB; what is much larger is something else. */
const LARGEST = 1024 * 1024;

/** @typedef {import('./plan').Plan} Plan @typedef {import('./plan').Source} Source */

/**
 * What the native side takes: see src/bridge/credentials.rs.
 *
 * @param {Plan} plan
 * @throws {TlsError}
 */
function readMaterial(plan) {
  return {
    roots: plan.ca && readSource(plan.ca),
    rootsName: plan.ca?.name ?? '',
    certificate: plan.cert && readSource(plan.cert),
    certificateName: plan.cert?.name ?? '',
    certificateStem: plan.cert && stemOf(plan.cert),
    key: plan.key && readKey(plan, plan.key),
    keyName: plan.key?.name ?? '',
    clientAuth: plan.clientAuth,
    strict: plan.strict,
    pair: plan.pair,
  };
}

/**
 * What commands that are shown call the files of a certificate; null for what a
 * shell would not take as it is.
 *
 * @param {Source} source
 */
function stemOf({ file }) {
  const { name } = path.parse(file ?? '');
  return /^[\w.][\w.-]*$/.test(name) ? name : null;
}

/**
 * @param {Source} source
 * @returns {Buffer}
 */
function readSource({ name, file, pem }) {
  if (file === null) return /** @type {Buffer} */ (pem);
  try {
    const stat = fs.statSync(file);
    // Reading a pipe or a device might never end.
    if (!stat.isFile()) throw new TlsError('FILE', `${name} is not a file`);
    const { size } = stat;
    if (size > LARGEST) throw new TlsError('FILE', `${name} has ${size} bytes: that is no certificate or key`);
    return fs.readFileSync(file);
  } catch (error) {
    if (error instanceof TlsError) throw error;
    const why = codeOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error);
    throw new TlsError('FILE', `${name} cannot be read: ${why}`, error);
  }
}

/**
 * @param {Plan} plan
 * @param {Source} source
 * @returns {Buffer} PKCS#8, DER
 */
function readKey(plan, source) {
  const bytes = readSource(source);
  const pem = bytes.toString('latin1');
  const isEncrypted = ENCRYPTED.test(pem);
  const passphrase = isEncrypted ? passphraseOf(plan, source) : null;
  try {
    const key = crypto.createPrivateKey({ key: bytes, format: 'pem', passphrase: passphrase?.reveal() });
    return key.export({ type: 'pkcs8', format: 'der' });
  } catch (error) {
    // What OpenSSL says is another text in each of its versions: the cause has it.
    if (!isEncrypted) throw new TlsError('CERTIFICATE', `${source.name} is no private key in PEM (${whyNone(pem)})`, error);
    const why = whyClosed(pem, source.file, error);
    if (why !== null) throw new TlsError('CERTIFICATE', `${source.name} ${why}`, error);
    throw new TlsError('PASSPHRASE', `${source.name} cannot be opened: its passphrase is another one than ${whose(plan)}, or the file is damaged`, error);
  }
}

/** @param {string} pem that has no private key */
function whyNone(pem) {
  const what = /-----BEGIN [^-\n]*PRIVATE KEY-----/.test(pem) ? null : /-----BEGIN [\w ]+-----/.exec(pem)?.[0];
  if (what === null) return 'it is damaged, or of a kind that this Node.js does not know';
  return what === undefined ? 'there is no -----BEGIN PRIVATE KEY----- in it' : `it has ${what} in it`;
}

/** @param {Plan} plan */
function whose({ role, store }) {
  return store === null ? 'option tls.passphrase' : `the one that ${path.join(store, STORE)} has for the ${role} (\`owt-grpc auth --grpc --dir ${store}\` sets it)`;
}

/**
 * @param {Plan} plan
 * @param {Source} source
 */
function passphraseOf(plan, source) {
  const found = plan.passphrase ?? stored(plan, source);
  if (found !== null) return found;
  const where = plan.store === null ? 'set option tls.passphrase' : `${path.join(plan.store, STORE)} has no passphrase for it: run \`owt-grpc auth --grpc --dir ${plan.store}\``;
  throw new TlsError('PASSPHRASE', `${source.name} is encrypted, and ${where}`);
}

/**
 * @param {Plan} plan
 * @param {Source} source
 */
function stored({ role, store }, source) {
  if (store === null) return null;
  try {
    return grpcPassphrases(store)[role];
  } catch (error) {
    throw new TlsError('STORE', `${source.name} is encrypted, and the store with its passphrase cannot be used: ${messageOf(error)}`, error);
  }
}

/**
 * The files that a plan depends on.
 *
 * @param {Plan} plan
 * @returns {string[]}
 */
function filesOf({ ca, cert, key, store }) {
  const files = [ca, cert, key].flatMap((source) => source?.file ?? []);
  return store === null ? files : [...files, path.join(store, STORE)];
}

module.exports = { filesOf, readMaterial, readSource };
