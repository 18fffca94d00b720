'use strict';

// The entry `grpc` of a store: the passphrases of the TLS keys.

const { StoreError } = require('./errors');
const { Secret } = require('./secret');

/** @typedef {{ server: Secret<string> | null, client: Secret<string> | null }} Passphrases */

/**
 * @param {Record<string, any>} store
 * @param {string} file for errors
 * @returns {Passphrases}
 */
function passphrasesOf(store, file) {
  const grpc = store.grpc ?? {};
  if (typeof grpc !== 'object' || Array.isArray(grpc)) throw invalid(file, 'grpc');
  return { server: passphrase(grpc, 'serverPass', file), client: passphrase(grpc, 'clientPass', file) };
}

/**
 * @param {Record<string, any>} grpc
 * @param {string} name
 * @param {string} file
 */
function passphrase(grpc, name, file) {
  const text = grpc[name] ?? '';
  if (typeof text !== 'string') throw invalid(file, `grpc.${name}`);
  return text === '' ? null : new Secret(text);
}

/**
 * @param {string} file
 * @param {string} entry
 */
function invalid(file, entry) {
  return new StoreError('INVALID', file, `its entry ${entry} is not what initauth.js stores; run \`owt-grpc auth --grpc\` to set it anew`);
}

module.exports = { passphrasesOf };
