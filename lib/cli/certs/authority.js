'use strict';

// The CA that is in a folder, if there is one: whether it can sign, and for how long.

const { createPrivateKey, createPublicKey, randomBytes, sign, verify } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { codeOf } = require('../../common/errors');
const { whyClosed } = require('../../tls/cipher');
const { CommandError } = require('../support/errors');
const { readCertificate } = require('./openssl');

const DAY_MS = 86_400_000;

/** @typedef {{ publicKey: string, key: Buffer, isEncrypted: boolean, endsAt: Date }} Authority */

/**
 * @param {string} folder
 * @returns {Promise<Authority | null>}
 */
async function authorityIn(folder) {
  const [certFile, keyFile] = ['ca.crt', 'ca.key'].map((name) => path.join(folder, name));
  const [cert, key] = [read(certFile), read(keyFile)];
  if (cert === null && key === null) return null;
  if (cert === null || key === null) {
    const [there, missing] = cert === null ? ['ca.key', 'ca.crt'] : ['ca.crt', 'ca.key'];
    throw new CommandError(`${folder} has ${there} and no ${missing}, and a CA needs both: put it there, or make a new CA with --force`);
  }
  const certificate = await readCertificate(certFile);
  if (certificate === null) throw new CommandError(`${certFile} is no certificate in PEM; --force makes a new CA`);
  const { publicKey, endsAt, isCa } = certificate;
  if (!isCa) throw new CommandError(`${certFile} is no CA's certificate; --force makes a new CA`);
  return { publicKey, key, isEncrypted: /ENCRYPTED/.test(key.toString('latin1')), endsAt };
}

/** @param {string} file */
function read(file) {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw new CommandError(`${file} cannot be read (${codeOf(error)}); run this as the user who owns it`);
  }
}

/**
 * @param {Authority} authority
 * @param {string} passphrase
 */
function checkKey({ publicKey, key }, passphrase) {
  let opened;
  try {
    opened = createPrivateKey({ key, passphrase });
  } catch (error) {
    const why = whyClosed(key.toString('latin1'), 'ca.key', error);
    if (why !== null) throw new CommandError(`ca.key ${why}`);
    throw new CommandError('ca.key cannot be opened: its passphrase is another one, or it is no key in PEM');
  }
  if (!isPair(opened, publicKey)) throw new CommandError('ca.key does not belong to ca.crt: put the right one there, or make a new CA with --force');
}

/**
 * Whether what one signs is what the other verifies.
 *
 * @param {import('node:crypto').KeyObject} privateKey
 * @param {string} publicKey in PEM
 */
function isPair(privateKey, publicKey) {
  const something = randomBytes(32);
  try {
    // The digest is the usual one of the key's kind, or none.
    return verify(undefined, something, createPublicKey(publicKey), sign(undefined, something, privateKey));
  } catch {
    // There are keys that cannot sign, and those of unknown kinds: no CA's either way.
    return false;
  }
}

/**
 * For how many days a CA can sign, if it is asked for these.
 *
 * @param {Authority} authority
 * @param {number | null} asked null for the default
 * @param {number} fallback the default
 */
function daysWithin({ endsAt }, asked, fallback) {
  const left = Math.ceil((endsAt.getTime() - Date.now()) / DAY_MS);
  const day = endsAt.toISOString().slice(0, 10);
  if (!(endsAt.getTime() > Date.now())) throw new CommandError(`ca.crt has ended on ${day}: make a new CA with --force, and distribute its ca.crt`);
  if (asked !== null && asked > left) throw new CommandError(`ca.crt ends on ${day}, and what it signs ends with it: --days ${left} is the most, or make a new CA with --force`);
  return asked ?? Math.min(fallback, left);
}

module.exports = { authorityIn, checkKey, daysWithin, isPair };
