'use strict';

// OWT's credential store: what its initauth.js writes and its modules read. The
// two can be used side by side on one file.

const fs = require('node:fs');
const path = require('node:path');
const { codeOf } = require('../common/errors');
const { StoreError } = require('./errors');
const { MAX_BYTES, keyOf, lock, unlock } = require('./format');
const { passphrasesOf } = require('./passphrases');
const { replace } = require('./replace');
const { Secret } = require('./secret');

/** In the current directory of a module. */
const STORE = '.owt.authstore';

/** For others who change the same store; each holds it for a few milliseconds. */
const WAIT_MS = 10_000;

/** @typedef {import('./format').KeyOptions} KeyOptions */

/**
 * What is in a store, or null if there is no such file.
 *
 * @param {string} file
 * @param {KeyOptions} [options]
 * @returns {Secret<Record<string, any>> | null}
 * @throws {StoreError} when there is a file that cannot be used
 *
 * @example
 * readStore('.owt.authstore')?.reveal().rabbit?.username
 */
function readStore(file, options) {
  const key = keyOf(options);
  const bytes = readBounded(file);
  return bytes === null ? null : new Secret(unlock(bytes, key, file));
}

/**
 * Puts entries into a store and leaves all others as they are, also those that
 * are not known here. An entry that is null stands for "cleaned up", as
 * initauth.js leaves it. A store that is not there yet is made; one that cannot
 * be read is left alone. The file is its owner's only (mode 0600) afterwards.
 *
 * @param {string} file
 * @param {Record<string, any>} changes what JSON can hold
 * @param {KeyOptions & { waitMs?: number }} [options] `waitMs`: for others who are changing the store
 * @throws {StoreError} nothing is changed then
 *
 * @example
 * await updateStore('.owt.authstore', { grpc: { serverPass: 'a', clientPass: 'b' } });
 */
async function updateStore(file, changes, { waitMs = WAIT_MS, ...options } = {}) {
  const key = keyOf(options);
  // Spread, not Object.assign: an entry may be called __proto__.
  await replace(file, () => lock({ ...readStore(file, options)?.reveal(), ...changes }, key, file), { waitMs });
}

/**
 * The passphrases of the TLS keys that are stored for a module; null for one
 * that is not there, or empty, as it is for a key that has none.
 *
 * @param {string} [folder] the module's, by default the current directory
 * @param {KeyOptions} [options] by default OWT's `global.config`
 * @returns {import('./passphrases').Passphrases}
 * @throws {StoreError} when there is a store that cannot be used
 *
 * @example
 * const { server } = grpcPassphrases();
 * crypto.createPrivateKey({ key, passphrase: server?.reveal() });
 */
function grpcPassphrases(folder = process.cwd(), options = storeOptions()) {
  const file = path.join(folder, STORE);
  return passphrasesOf(readStore(file, options)?.reveal() ?? {}, file);
}

/** What OWT's `global.config` says of the stores' key. @returns {KeyOptions} */
function storeOptions() {
  const { credPass, credSalt } = /** @type {any} */ (globalThis).config ?? {};
  return { credPass, credSalt };
}

/**
 * @param {string} file
 * @returns {Buffer | null} null if there is no such file; never much more than a store can have
 */
function readBounded(file) {
  try {
    // A pipe, which would block, or a folder is found before it is opened.
    if (!fs.statSync(file).isFile()) throw new StoreError('UNREADABLE', file, 'is not a file; move it away');
    const fd = fs.openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(MAX_BYTES + 1);
      let length = 0;
      for (let read = -1; read !== 0; length += read) read = fs.readSync(fd, bytes, length, bytes.length - length, null);
      return bytes.subarray(0, length);
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    if (error instanceof StoreError) throw error;
    if (codeOf(error) === 'ENOENT') return null;
    throw new StoreError('UNREADABLE', file, `cannot be read (${codeOf(error)}); run this as the user who owns the file`, error);
  }
}

module.exports = { STORE, StoreError, grpcPassphrases, readStore, storeOptions, updateStore };
