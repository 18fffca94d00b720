'use strict';

// The file of rules by which others may do something on the bus, or not, by their
// certificates. What is in it is read on the native side: src/bus/rules.

const fs = require('node:fs');
const path = require('node:path');
const { withCause } = require('../common/compat/errors');
const { codeOf, messageOf } = require('../common/errors');
const { native } = require('../crossing/addon');

const VARIABLE = 'OWT_GRPC_AUTHORIZE';
/** A larger file is another one. */
const MOST_BYTES = 1024 * 1024;

/**
 * @typedef {object} Authorize
 * @property {string} file
 * @property {any} native the rules, for the native side
 */

/** @typedef {import('../tls/credentials').Credentials | null} Credentials */

/**
 * Where the rules are, by the environment or the option.
 *
 * @param {string} owner for errors
 * @param {unknown} given option `authorize`
 * @returns {{ file: string, setting: string } | null} null where there are none: everybody may do all
 */
function placeOf(owner, given) {
  const variable = process.env[VARIABLE];
  if (variable) return { file: path.resolve(variable), setting: VARIABLE };
  if (given == null) return null;
  const setting = `${owner}: option authorize`;
  if (typeof given === 'string' && given !== '') return { file: path.resolve(given), setting };
  throw new TypeError(`${setting} must be the path of a file`);
}

/**
 * The rules for a member or registry that shows and asks for certificates.
 *
 * @param {string} owner for errors
 * @param {unknown} given option `authorize`
 * @param {Credentials} serving what others connect to it with
 * @returns {Authorize | null}
 * @throws {TypeError} names the setting, the file and what is wrong
 */
function rulesOf(owner, given, serving) {
  const place = placeOf(owner, given);
  if (place === null) return null;
  needMutualTls(place.setting, serving);
  return { file: place.file, native: readRules(place) };
}

/**
 * @param {string} setting
 * @param {Credentials} serving
 */
function needMutualTls(setting, serving) {
  if (serving === null) throw new TypeError(`${setting} is about the certificates of others, and TLS is not set up: set OWT_GRPC_ROOT_CERT and its like (docs/tls.md), or leave ${setting} out`);
  const { clientAuth } = serving.plan;
  if (clientAuth === 'require') return;
  throw new TypeError(`${setting} needs others to show their certificates, and they need not: leave out OWT_GRPC_CLIENT_AUTH=optional, or tls.clientAuth: '${clientAuth}'`);
}

/** @param {{ file: string, setting: string }} place */
function readRules({ file, setting }) {
  const wrong = (/** @type {string} */ text, /** @type {unknown} */ cause) => withCause(new TypeError(`${setting} names ${file}, ${text}`), cause);
  let json;
  try {
    if (fs.statSync(file).size > MOST_BYTES) throw new Error('it has more than 1 MiB');
    json = fs.readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    throw wrong(`which cannot be read (${codeOf(error)}): correct the path, or let this user read it`, error);
  }
  try {
    return new (native().Rules)(json);
  } catch (error) {
    throw wrong(`which cannot be used: ${messageOf(error)}; docs/security.md has what may be in it`, error);
  }
}

module.exports = { placeOf, readRules, rulesOf };
