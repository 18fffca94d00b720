'use strict';

// The bytes of OWT's credential store: AES-256-CTR over gzip over JSON. Key,
// initialization vector and salt are constants of OWT's cipher.js, the same in
// every installation, and there is no authentication code: the format hides the
// credentials from a glance. What protects them is the mode of the file.

const { createCipheriv, createDecipheriv, pbkdf2Sync } = require('node:crypto');
const { gunzipSync, gzipSync } = require('node:zlib');
const { StoreError } = require('./errors');

const ALGORITHM = 'aes-256-ctr';
const KEY = Buffer.from('3d84a1efc77268c98bc6ca2921eb35a6d82a40a38696d25fbb64ff1733cd2523', 'hex');
const IV = Buffer.from('3a613563c433a361a62a9efe4dd8462e', 'hex');
const SALT = Buffer.from('1a7bb4a4f56f15eb875c7a66d8fe893bc9458acd414319d431f6a6dfaef69fa6', 'hex');
const ITERATIONS = 4000;

/** Of the file, and of the JSON in it: a few hundred bytes are usual. */
const MAX_BYTES = 1024 * 1024;

const GZIP = [0x1f, 0x8b, 8];

/** @typedef {{ credPass?: string | null, credSalt?: string | Uint8Array | null }} KeyOptions */

/**
 * The key of a store: OWT's constant, or one made of a pass phrase.
 *
 * OWT's cipher.js derives 128 bytes, which is no key of AES-256: there, every
 * use of `credPass` ends with "Invalid key length". So there are no stores that
 * a derived key has to fit, and this one has the 32 bytes that the algorithm
 * takes.
 *
 * @param {KeyOptions} [options] `credPass`, and `credSalt` in place of the built-in salt
 * @returns {Buffer}
 */
function keyOf({ credPass, credSalt } = {}) {
  if (credPass == null) return KEY;
  if (typeof credPass !== 'string' || credPass === '') {
    throw new TypeError('credPass must be a text that is not empty');
  }
  if (credSalt != null && typeof credSalt !== 'string' && !(credSalt instanceof Uint8Array)) {
    throw new TypeError('credSalt must be a text or bytes');
  }
  return pbkdf2Sync(credPass, credSalt || SALT, ITERATIONS, KEY.length, 'sha256');
}

/**
 * @param {Uint8Array} bytes the file's
 * @param {Buffer} key
 * @param {string} file for errors
 * @returns {Record<string, any>}
 */
function unlock(bytes, key, file) {
  if (bytes.length > MAX_BYTES) throw tooLarge(file);
  const decipher = createDecipheriv(ALGORITHM, key, IV);
  const packed = Buffer.concat([decipher.update(bytes), decipher.final()]);
  if (!GZIP.every((byte, at) => packed[at] === byte)) {
    throw new StoreError('NOT_A_STORE', file,
      'is not a credential store, or is locked with another key (credPass); to start anew, move it away and run `owt-grpc auth`');
  }
  return parse(unpack(packed, file), file);
}

/**
 * @param {Buffer} packed
 * @param {string} file
 */
function unpack(packed, file) {
  try {
    return gunzipSync(packed, { maxOutputLength: MAX_BYTES });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(file);
    throw damaged(file);
  }
}

/**
 * @param {Buffer} json
 * @param {string} file
 */
function parse(json, file) {
  let value;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json));
  } catch {
    throw damaged(file);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new StoreError('INVALID', file,
    'holds a single value where a store has named entries; OWT\'s .owt.keystore is such a file, its .owt.authstore is not');
}

/**
 * @param {Record<string, any>} object
 * @param {Buffer} key
 * @param {string} file for errors
 * @returns {Buffer}
 */
function lock(object, key, file) {
  const json = Buffer.from(stringify(object, file));
  if (json.length > MAX_BYTES) throw tooLarge(file);
  const cipher = createCipheriv(ALGORITHM, key, IV);
  const bytes = Buffer.concat([cipher.update(gzipSync(json)), cipher.final()]);
  // What does not shrink grows by gzip's frame.
  if (bytes.length > MAX_BYTES) throw tooLarge(file);
  return bytes;
}

/**
 * @param {Record<string, any>} object
 * @param {string} file
 */
function stringify(object, file) {
  try {
    return JSON.stringify(object);
  } catch {
    // BigInt, a cycle, or nested too deep.
    throw new StoreError('INVALID', file, 'an entry cannot be written as JSON');
  }
}

/** @param {string} file */
function tooLarge(file) {
  return new StoreError('TOO_LARGE', file, `holds more than ${MAX_BYTES} bytes, which no credential store does; check what wrote it`);
}

/** @param {string} file */
function damaged(file) {
  return new StoreError('DAMAGED', file,
    'is incomplete or was changed; put back a copy, or move it away and run `owt-grpc auth` to start anew');
}

module.exports = { MAX_BYTES, keyOf, lock, unlock };
