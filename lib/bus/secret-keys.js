'use strict';

// The keys of a secret: derived by scrypt from what a person may have chosen; what this
// package has made is a key as it is, since nobody can guess it.

const { createHash, randomBytes, scrypt } = require('node:crypto');
const { Secret } = require('../credentials/secret');

/**
 * What a guess costs whoever tries many: 16 MiB, and some 70 ms of a core. Members that are to understand each other
 * have the same, of whichever release.
 */
const COST = { N: 2 ** 14, r: 8, p: 1, maxmem: 2 ** 26 };
const KEY_BYTES = 32;

/**
 * By this a generated secret is known wherever it comes from, its own file or a setting: all have to come to one key.
 * Behind it are 32 random bytes, in base64url.
 */
const PREFIX = 'owt-grpc-generated:';
const GENERATED = new RegExp(`^${PREFIX}[\\w-]{43}$`);

/** A new secret. */
const generated = () => PREFIX + randomBytes(KEY_BYTES).toString('base64url');

/** @param {string} text */
const isGenerated = (text) => GENERATED.test(text);

/** By what they are made of. @type {Map<string, Promise<Secret<Buffer>>>} */
const derived = new Map();

/**
 * The keys of a secret. Derived once for a secret and what it is for, beside what else is done.
 *
 * @param {import('./secret').Found} secret
 * @param {string} salt what it is for, and the cluster: what people have chosen makes two keys for two of them
 * @returns {Promise<Secret<Buffer>[]>}
 */
function keysOf({ texts }, salt) {
  return Promise.all(texts.reveal().map((text) => {
    if (isGenerated(text)) return keyIn(text);
    const of = createHash('sha256').update(JSON.stringify([text, salt])).digest('base64');
    const key = derived.get(of) ?? derive(text, salt);
    derived.set(of, key);
    // Where there was no memory for it there may be some later.
    key.catch(() => derived.delete(of));
    return key;
  }));
}

/**
 * There are 2^256 of them: making a guess slow would add nothing, and the start of each process would wait for it. What is
 * proved by it has the cluster's name in it, so that the same key in two clusters is no proof of one in the other.
 *
 * @param {string} text that was generated
 */
const keyIn = (text) => new Secret(Buffer.from(text.slice(PREFIX.length), 'base64url'));

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

/**
 * As the native side takes it: the one place where the keys are seen.
 *
 * @param {import('./secret').ClusterSecret} secret
 * @param {string} cluster
 * @returns {Promise<import('../crossing/native').Secret>}
 */
async function nativeSecret(secret, cluster) {
  const keys = await keysOf(secret, `owt-grpc, secret of the cluster ${cluster}`);
  return { keys: keys.map((key) => key.reveal()), mode: secret.mode };
}

/**
 * The same of the operator's secret.
 *
 * @param {import('./secret').Found} secret
 * @param {string} cluster
 * @returns {Promise<Buffer[]>}
 */
async function operatorKeys(secret, cluster) {
  const keys = await keysOf(secret, `owt-grpc, operator's secret of the cluster ${cluster}`);
  return keys.map((key) => key.reveal());
}

module.exports = { generated, isGenerated, nativeSecret, operatorKeys };
