'use strict';

// The parser of the credential store. The first byte of the input says how deep
// the rest goes: random bytes alone would never get past the cipher.

const assert = require('node:assert').strict;
const { gzipSync } = require('node:zlib');
const { StoreError } = require('../lib/credentials/errors');
const { keyOf, lock, unlock } = require('../lib/credentials/format');
const { passphrasesOf } = require('../lib/credentials/passphrases');
const { crypt } = require('../__test__/support/cli/stores');

const key = keyOf();
const FILE = 'store';

const LAYERS = [
  (rest) => rest, // the file
  (rest) => crypt(rest), // the gzip stream in it
  (rest) => crypt(gzipSync(rest)), // the JSON in that
];

/** @param {Buffer} input */
module.exports.fuzz = (input) => {
  if (input.length === 0) return;
  const bytes = LAYERS[input[0] % LAYERS.length](input.subarray(1));
  try {
    const object = unlock(bytes, key, FILE);
    // As JSON, which has no -0 and no Infinity.
    assert.equal(JSON.stringify(unlock(lock(object, key, FILE), key, FILE)), JSON.stringify(object));
    passphrasesOf(object, FILE);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
  }
};
