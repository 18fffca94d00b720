'use strict';

// Where each part of TLS comes from: OWT's environment variables, or an option of
// the API. Nothing is read here but names.

const path = require('node:path');
const { isOn } = require('../common/environment');
const { Secret } = require('../credentials/secret');
const { TlsError } = require('./errors');

const ROOT_CERT = 'OWT_GRPC_ROOT_CERT';
const PAIRS = /** @type {const} */ ({
  server: ['OWT_GRPC_SERVER_CERT', 'OWT_GRPC_SERVER_KEY'],
  client: ['OWT_GRPC_CLIENT_CERT', 'OWT_GRPC_CLIENT_KEY'],
});
const VARIABLES = [ROOT_CERT, ...PAIRS.server, ...PAIRS.client];

const OPTIONS = ['ca', 'cert', 'key', 'passphrase', 'clientAuth', 'strict'];
const CLIENT_AUTH = ['require', 'optional', 'none'];

/**
 * One file, or its content, and what it is called in errors.
 *
 * @typedef {{ name: string, file: string | null, pem: Buffer | null }} Source
 */

/**
 * What the credentials of one side are read from.
 *
 * @typedef {object} Plan
 * @property {'server' | 'client'} role
 * @property {Source | null} ca
 * @property {Source | null} cert
 * @property {Source | null} key
 * @property {Secret<string> | null} passphrase
 * @property {string | null} store the folder whose store has the passphrase, if there is none here
 * @property {'require' | 'optional' | 'none'} clientAuth
 * @property {string | null} strict the setting that asks to refuse certificates of the old kind
 * @property {string} pair the settings of cert and key, for whoever has none and is asked for one
 */

/**
 * What the environment asks for: null for plaintext. Any of the five certificate
 * variables asks for TLS, whatever OWT_GRPC_SSL says.
 *
 * @param {'server' | 'client'} role
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Plan | null}
 */
function planOfEnvironment(role, env = process.env) {
  const set = VARIABLES.filter((name) => env[name]);
  if (set.length === 0 && !isOn('OWT_GRPC_SSL', env)) return null;
  const missing = VARIABLES.filter((name) => !env[name]);
  if (missing.length > 0) {
    const asks = isOn('OWT_GRPC_SSL', env) ? 'OWT_GRPC_SSL' : set[0];
    throw new TlsError('HALF_SET', `${asks} asks for TLS, and ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set: TLS needs all of ${VARIABLES.join(', ')}`);
  }
  const clientAuth = env.OWT_GRPC_CLIENT_AUTH || 'require';
  if (clientAuth !== 'require' && clientAuth !== 'optional') {
    throw new TlsError('INVALID', `OWT_GRPC_CLIENT_AUTH is ${JSON.stringify(clientAuth)}: it can be "optional", or unset to require client certificates`);
  }
  const [cert, key] = PAIRS[role];
  const file = (/** @type {string} */ name) => fileSource(name, String(env[name]));
  return {
    role,
    ca: file(ROOT_CERT),
    cert: file(cert),
    key: file(key),
    passphrase: null,
    store: process.cwd(),
    clientAuth,
    strict: isOn('OWT_GRPC_TLS_STRICT', env) ? 'OWT_GRPC_TLS_STRICT' : null,
    pair: PAIRS[role].join(' and '),
  };
}

/** TLS to etcd has files of its own: etcd's CA need not be the bus's. */
const ETCD = ['OWT_GRPC_ETCD_CA', 'OWT_GRPC_ETCD_CERT', 'OWT_GRPC_ETCD_KEY'];

/**
 * What the environment asks for on the way to etcd: null for plaintext. A
 * certificate of this side is shown where there is one.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Plan | null}
 */
function planForEtcd(env = process.env) {
  const [ca, cert, key] = ETCD.map((name) => (env[name] ? fileSource(name, String(env[name])) : null));
  if (ca === null && cert === null && key === null) return null;
  if (ca === null) throw new TlsError('HALF_SET', `${cert === null ? ETCD[2] : ETCD[1]} asks for TLS to etcd, and ${ETCD[0]} is not set: the certificates of the CAs that etcd is checked with`);
  if ((cert === null) !== (key === null)) throw new TlsError('HALF_SET', `${ETCD[1]} and ${ETCD[2]} belong together: set both`);
  const strict = isOn('OWT_GRPC_TLS_STRICT', env) ? 'OWT_GRPC_TLS_STRICT' : null;
  return { role: 'client', ca, cert, key, passphrase: null, store: null, clientAuth: 'require', strict, pair: `${ETCD[1]} and ${ETCD[2]}` };
}

/**
 * What an option `tls` of the API asks for.
 *
 * @param {string} owner whose option it is, for errors
 * @param {'server' | 'client'} role
 * @param {Record<string, any>} tls
 * @param {string} [option] what it is called where it is set
 * @returns {Plan}
 */
function planOfOption(owner, role, tls, option = 'tls') {
  const fail = (/** @type {string} */ text) => new TlsError('INVALID', `${owner}: option tls${text}`);
  // Its value is not shown: it may be a key.
  if (typeof tls !== 'object' || tls === null) throw fail(` must be an object or false, not ${typeof tls === 'string' ? 'a text' : String(tls)}`);
  for (const name of Object.keys(tls)) {
    if (!OPTIONS.includes(name)) throw fail(`.${name} is not known; its members are ${OPTIONS.join(', ')}`);
  }
  const { passphrase, clientAuth = 'require', strict = false } = tls;
  if (!CLIENT_AUTH.includes(clientAuth)) throw fail(`.clientAuth must be one of ${CLIENT_AUTH.join(', ')}, not ${String(clientAuth)}`);
  // Its value is not shown: it may be a passphrase of the wrong type.
  if (passphrase != null && typeof passphrase !== 'string') throw fail('.passphrase must be a text');
  if (typeof strict !== 'boolean') throw fail(`.strict must be true or false, not ${String(strict)}`);
  const source = (/** @type {string} */ name) => optionSource(`${owner}: option tls.${name}`, tls[name]);
  const plan = { ca: source('ca'), cert: source('cert'), key: source('key') };
  if ((plan.cert === null) !== (plan.key === null)) throw fail('.cert and tls.key belong together: set both');
  if (role === 'server' && plan.cert === null) throw fail('.cert and tls.key are needed by a server');
  if (plan.ca === null && (role === 'client' || clientAuth !== 'none')) {
    throw fail(`.ca is needed: the certificates of the CAs that ${role === 'client' ? 'servers' : "clients (or tls.clientAuth: 'none')"} are checked with`);
  }
  return { role, ...plan, passphrase: passphrase ? new Secret(passphrase) : null, store: null, clientAuth, strict: strict ? 'option tls.strict' : null, pair: `option ${option}.cert and ${option}.key` };
}

/**
 * @param {string} setting
 * @param {string} file
 * @returns {Source}
 */
function fileSource(setting, file) {
  const full = path.resolve(file);
  return { name: `${setting} ${full}`, file: full, pem: null };
}

/**
 * @param {string} setting
 * @param {unknown} value PEM as text or bytes, or a path
 * @returns {Source | null}
 */
function optionSource(setting, value) {
  if (value == null) return null;
  if (value instanceof Uint8Array) return { name: setting, file: null, pem: Buffer.from(value) };
  if (typeof value === 'string' && value.includes('-----BEGIN')) return { name: setting, file: null, pem: Buffer.from(value) };
  if (typeof value === 'string' && value !== '') return fileSource(setting, value);
  throw new TlsError('INVALID', `${setting} must be PEM as a text or Buffer, or the path of a PEM file`);
}

module.exports = { planForEtcd, planOfEnvironment, planOfOption };
