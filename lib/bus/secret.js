'use strict';

// The cluster's secret and the operator's: where they are set, and what is done about those
// who do not have the cluster's. They are proved to others and never sent: src/bus/trust.

const fs = require('node:fs');
const path = require('node:path');
const { withCause } = require('../common/compat/errors');
const { STORE, readStore, storeOptions } = require('../credentials/store');
const { Secret } = require('../credentials/secret');
const { SETTINGS } = require('../common/environment');
const { codeOf, messageOf } = require('../common/errors');
const { WARN, log } = require('../common/log');
const { localSecret } = require('./local-secret');
const { isEverywhere, isLoopback } = require('../common/host-port');

const CLUSTER = { option: 'secret', variable: 'OWT_GRPC_CLUSTER_SECRET' };
const OPERATOR = { option: 'operatorSecret', variable: 'OWT_GRPC_OPERATOR_SECRET' };
/** @type {readonly string[]} */
const MODES = SETTINGS.OWT_GRPC_SECRET_MODE.choices;
/** The one that is proved, and the one that it replaces. */
const MOST = 2;

/**
 * What is known of a cluster's secret where a member or registry starts.
 *
 * @typedef {object} ClusterSecret
 * @property {Secret<string[]>} texts the new one first while one is replaced
 * @property {'offered' | 'accepted' | 'required'} mode what is done about others who do not prove it: see src/bus/trust
 * @property {string} source where it is set, for people
 * @property {boolean} isSet by somebody, not made by this package for its user
 */

/**
 * The secret: the option, or the environment's, or RabbitMQ's password in the credential store of the current directory, or
 * that which this user's processes share.
 *
 * @param {string} owner for errors
 * @param {{ secret?: unknown, secretMode?: unknown }} options
 * @param {'offered' | 'required' | null} ofUser the mode of the last of these, null where it is not for this cluster
 * @returns {ClusterSecret | null} null where there is none, or where it is off
 * @throws {TypeError} names the setting, never its value
 */
function clusterSecret(owner, { secret, secretMode }, ofUser = null) {
  const mode = modeOf(owner, secretMode);
  if (mode === 'off') return null;
  const set = ofOption(owner, CLUSTER, secret) ?? ofEnvironment(CLUSTER) ?? ofStore();
  if (set !== null) return { ...set, mode: mode ?? 'required', isSet: true };
  return ofUser && { ...shared(), mode: mode ?? ofUser, isSet: false };
}

/**
 * What a member asks of those who tap it or call it by a command, and what such a command proves.
 *
 * @param {string} owner for errors
 * @param {unknown} given option `operatorSecret`
 * @returns {Found | null} null where nothing is asked
 * @throws {TypeError} names the setting, never its value
 */
const operatorSecret = (owner, given) => ofOption(owner, OPERATOR, given) ?? ofEnvironment(OPERATOR);

/**
 * What the secret that a user's processes share is for a cluster. Where others have certificates it is not needed, and on
 * several machines not all could have it.
 *
 * @param {string} host of the registry; 0.0.0.0 and the like for one that also listens on loopback
 * @param {{ tls: boolean, advertised?: string | null }} how advertised: where others dial a member
 * @returns {'offered' | 'required' | null}
 */
function modeOfShared(host, { tls, advertised = null }) {
  if (tls) return null;
  if (isEverywhere(host)) return 'offered';
  if (!isLoopback(host)) return null;
  return advertised === null || isLoopback(advertised) ? 'required' : 'offered';
}

/** @returns {Found} */
function shared() {
  const { text, file } = localSecret();
  return { texts: new Secret([text]), source: `the one that processes of this user share (${file})` };
}

/**
 * What there is to know beside why somebody was refused, where that was for the secret.
 *
 * @param {string} why
 * @param {ClusterSecret | null} secret this side's
 */
const beside = (why, secret) => (secret !== null && /\bsecret\b/.test(why) ? `${why}. This side's secret is ${secret.source}` : why);

/**
 * @param {string} owner
 * @param {unknown} given
 * @returns {'off' | 'accepted' | 'required' | null}
 */
function modeOf(owner, given) {
  const variable = process.env.OWT_GRPC_SECRET_MODE || undefined;
  const [mode, what] = variable === undefined ? [given, `${owner}: option secretMode`] : [variable, 'OWT_GRPC_SECRET_MODE'];
  if (mode == null || MODES.includes(/** @type {string} */ (mode))) return /** @type {'off' | 'accepted' | 'required' | undefined} */ (mode) ?? null;
  throw new TypeError(`${what} must be one of ${MODES.join(', ')}, not ${JSON.stringify(mode)}`);
}

/** @typedef {Pick<ClusterSecret, 'texts' | 'source'>} Found */
/** @typedef {{ option: string, variable: string }} Setting */

/**
 * @param {string} owner
 * @param {Setting} setting
 * @param {unknown} given
 * @returns {Found | null}
 */
function ofOption(owner, { option }, given) {
  if (given == null) return null;
  const texts = Array.isArray(given) ? given : [given];
  const isText = (/** @type {unknown} */ text) => typeof text === 'string' && text !== '';
  if (texts.length > 0 && texts.length <= MOST && texts.every(isText)) return { texts: new Secret(texts), source: `${owner}: option ${option}` };
  // It is not shown: it may be a secret of the wrong type.
  throw new TypeError(`${owner}: option ${option} must be a text that is not empty, or two of them: the new one and the one that it replaces`);
}

/**
 * @param {Setting} setting
 * @returns {Found | null}
 */
function ofEnvironment({ variable }) {
  const [text, file, old] = ['', '_FILE', '_OLD'].map((end) => process.env[variable + end]);
  const secret = text || (file ? ofFile(`${variable}_FILE`, file) : null);
  if (secret === null) return null;
  const texts = new Secret(old ? [secret, old] : [secret]);
  return { texts, source: text ? variable : `${variable}_FILE (${file})` };
}

/**
 * @param {string} variable
 * @param {string} file
 */
function ofFile(variable, file) {
  let text;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    const text = `${variable} names ${file}, which cannot be read (${codeOf(error)}): run this as a user who may, or name another file`;
    throw withCause(new TypeError(text), error);
  }
  // Editors put a line's end behind it.
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw new TypeError(`${variable} names ${file}, which is empty: put the secret there`);
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

module.exports = { clusterSecret, operatorSecret, modeOfShared, beside };
