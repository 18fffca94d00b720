'use strict';

// The cluster's secret: where it is set, and the keys that are derived from it. It is
// proved to others and never sent: src/bus/trust.

const { createHash, scrypt } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { withCause } = require('../compat/errors');
const { STORE, readStore, storeOptions } = require('../credentials/store');
const { Secret } = require('../credentials/secret');
const { codeOf } = require('../credentials/errors');
const { messageOf } = require('../errors');
const { WARN, log } = require('../log');

const MODES = ['off', 'accepted', 'required'];
/** The one that is proved, and the one that it replaces. */
const MOST = 2;

/**
 * What a guess costs whoever tries many: 16 MiB, and some 70 ms of a core. Members that are to understand each other
 * have the same, of whichever release.
 */
const COST = { N: 2 ** 14, r: 8, p: 1, maxmem: 2 ** 26 };
const KEY_BYTES = 32;

/**
 * What is known of a cluster's secret where a member or registry starts.
 *
 * @typedef {object} ClusterSecret
 * @property {Secret<string[]>} texts the new one first while one is replaced
 * @property {boolean} required whether others who do not prove it are refused
 * @property {string} source where it is set, for people
 */

/**
 * The secret: the option, or the environment's, or RabbitMQ's password in the credential store of the current directory.
 *
 * @param {string} owner for errors
 * @param {{ secret?: unknown, secretMode?: unknown }} options
 * @returns {ClusterSecret | null} null where there is none, or where it is off
 * @throws {TypeError} names the setting, never its value
 */
function clusterSecret(owner, { secret, secretMode }) {
  const mode = modeOf(owner, secretMode);
  if (mode === 'off') return null;
  const set = ofOption(owner, secret) ?? ofEnvironment();
  if (set !== null) return { ...set, required: mode !== 'accepted' };
  // One that was set for another purpose does not shut out those who do not have it yet.
  const stored = ofStore();
  return stored && { ...stored, required: mode === 'required' };
}

/**
 * @param {string} owner
 * @param {unknown} given
 */
function modeOf(owner, given) {
  const variable = process.env.OWT_GRPC_SECRET_MODE || undefined;
  const [mode, what] = variable === undefined ? [given, `${owner}: option secretMode`] : [variable, 'OWT_GRPC_SECRET_MODE'];
  if (mode == null || MODES.includes(/** @type {string} */ (mode))) return mode ?? null;
  throw new TypeError(`${what} must be one of ${MODES.join(', ')}, not ${JSON.stringify(mode)}`);
}

/** @typedef {Pick<ClusterSecret, 'texts' | 'source'>} Found */

/**
 * @param {string} owner
 * @param {unknown} given
 * @returns {Found | null}
 */
function ofOption(owner, given) {
  if (given == null) return null;
  const texts = Array.isArray(given) ? given : [given];
  const isText = (/** @type {unknown} */ text) => typeof text === 'string' && text !== '';
  if (texts.length > 0 && texts.length <= MOST && texts.every(isText)) return { texts: new Secret(texts), source: `${owner}: option secret` };
  // It is not shown: it may be a secret of the wrong type.
  throw new TypeError(`${owner}: option secret must be a text that is not empty, or two of them: the new one and the one that it replaces`);
}

/** @returns {Found | null} */
function ofEnvironment() {
  const { OWT_GRPC_CLUSTER_SECRET: text, OWT_GRPC_CLUSTER_SECRET_FILE: file, OWT_GRPC_CLUSTER_SECRET_OLD: old } = process.env;
  const secret = text || (file ? ofFile(file) : null);
  if (secret === null) return null;
  const texts = new Secret(old ? [secret, old] : [secret]);
  return { texts, source: text ? 'OWT_GRPC_CLUSTER_SECRET' : `OWT_GRPC_CLUSTER_SECRET_FILE (${file})` };
}

/** @param {string} file */
function ofFile(file) {
  let text;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    const text = `OWT_GRPC_CLUSTER_SECRET_FILE names ${file}, which cannot be read (${codeOf(error)}): run this as a user who may, or name another file`;
    throw withCause(new TypeError(text), error);
  }
  // Editors put a line's end behind it.
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw new TypeError(`OWT_GRPC_CLUSTER_SECRET_FILE names ${file}, which is empty: put the secret there`);
  return secret;
}

/** @returns {Found | null} */
function ofStore() {
  const file = path.resolve(STORE);
  try {
    const password = readStore(file, storeOptions())?.reveal().rabbit?.password;
    if (typeof password !== 'string' || password === '') return null;
    return { texts: new Secret([password]), source: `RabbitMQ's password in ${file}` };
  } catch (error) {
    log(WARN, `the cluster's secret is not taken from the credential store: ${messageOf(error)}`);
    return null;
  }
}

/** By what they are made of. @type {Map<string, Promise<Secret<Buffer>>>} */
const derived = new Map();

/**
 * The keys of a secret. Derived once for a secret and a cluster, beside what else is done.
 *
 * @param {ClusterSecret} secret
 * @param {string} cluster a secret of two clusters makes two keys
 * @returns {Promise<Secret<Buffer>[]>}
 */
function keysOf({ texts }, cluster) {
  const salt = `owt-grpc, secret of the cluster ${cluster}`;
  return Promise.all(texts.reveal().map((text) => {
    const of = createHash('sha256').update(JSON.stringify([text, salt])).digest('base64');
    const key = derived.get(of) ?? derive(text, salt);
    derived.set(of, key);
    // Where there was no memory for it there may be some later.
    key.catch(() => derived.delete(of));
    return key;
  }));
}

/**
 * @param {string} text
 * @param {string} salt
 * @returns {Promise<Secret<Buffer>>}
 */
function derive(text, salt) {
  return new Promise((resolve, reject) => {
    scrypt(text, salt, KEY_BYTES, COST, (error, key) => (error ? reject(error) : resolve(new Secret(key))));
  });
}

/** @typedef {{ keys: Buffer[], required: boolean }} NativeSecret */

/**
 * As the native side takes it: the one place where the keys are seen.
 *
 * @param {ClusterSecret} secret
 * @param {string} cluster
 * @returns {Promise<NativeSecret>}
 */
async function nativeSecret(secret, cluster) {
  const keys = await keysOf(secret, cluster);
  return { keys: keys.map((key) => key.reveal()), required: secret.required };
}

module.exports = { clusterSecret, nativeSecret };
