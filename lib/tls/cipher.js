'use strict';

// What a private key is encrypted with, by its file. OpenSSL says of a cipher that
// it does not have the same as of a key that is damaged.

const { getCiphers } = require('node:crypto');
const { messageOf } = require('../common/errors');

/** Object identifiers: what people call the cipher, and what Node does. */
const CIPHERS = Object.entries(/** @type {Record<string, [name: string, cipher?: string]>} */ ({
  // PKCS#5, version 1.
  '1.2.840.113549.1.5.1': ['DES-CBC'],
  '1.2.840.113549.1.5.3': ['DES-CBC'],
  '1.2.840.113549.1.5.10': ['DES-CBC'],
  '1.2.840.113549.1.5.4': ['RC2-CBC'],
  '1.2.840.113549.1.5.6': ['RC2-CBC'],
  '1.2.840.113549.1.5.11': ['RC2-CBC'],
  // PKCS#12.
  '1.2.840.113549.1.12.1.1': ['RC4'],
  '1.2.840.113549.1.12.1.2': ['RC4-40', 'rc4'],
  '1.2.840.113549.1.12.1.3': ['DES-EDE3-CBC'],
  '1.2.840.113549.1.12.1.4': ['DES-EDE-CBC'],
  '1.2.840.113549.1.12.1.5': ['RC2-CBC'],
  '1.2.840.113549.1.12.1.6': ['RC2-40-CBC', 'rc2-cbc'],
  // What PKCS#5, version 2, uses.
  '1.3.14.3.2.7': ['DES-CBC'],
  '1.2.840.113549.3.2': ['RC2-CBC'],
  '1.2.840.113549.3.7': ['DES-EDE3-CBC'],
  '1.2.840.113533.7.66.10': ['CAST5-CBC'],
  '1.3.6.1.4.1.3029.1.2': ['BF-CBC'],
  '1.3.6.1.4.1.188.7.1.1.2': ['IDEA-CBC'],
  '1.2.410.200004.1.4': ['SEED-CBC'],
  '1.2.392.200011.61.1.1.1.2': ['CAMELLIA-128-CBC'],
  '1.2.392.200011.61.1.1.1.3': ['CAMELLIA-192-CBC'],
  '1.2.392.200011.61.1.1.1.4': ['CAMELLIA-256-CBC'],
  '1.2.410.200046.1.1.2': ['ARIA-128-CBC'],
  '1.2.410.200046.1.1.7': ['ARIA-192-CBC'],
  '1.2.410.200046.1.1.12': ['ARIA-256-CBC'],
  '2.16.840.1.101.3.4.1.2': ['AES-128-CBC'],
  '2.16.840.1.101.3.4.1.22': ['AES-192-CBC'],
  '2.16.840.1.101.3.4.1.42': ['AES-256-CBC'],
})).map(([id, [name, cipher = name]]) => ({ der: derOf(id), name, cipher }));

/** Identifiers are before what is encrypted, within so many bytes. */
const HEAD = 256;

/**
 * An object identifier in DER.
 *
 * @param {string} id
 */
function derOf(id) {
  const [first, second, ...rest] = id.split('.').map(Number);
  const content = [first * 40 + second, ...rest].flatMap((number) => {
    const bytes = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) bytes.unshift((left & 0x7f) | 0x80);
    return bytes;
  });
  return Buffer.from([6, content.length, ...content]);
}

/** @param {string} pem of an encrypted key */
function cipherOf(pem) {
  const traditional = /^DEK-Info: ([\w-]+),/m.exec(pem)?.[1];
  if (traditional !== undefined) return { name: traditional.toUpperCase(), cipher: traditional };
  const body = /-----BEGIN ENCRYPTED PRIVATE KEY-----([\w+/=\s]*)/.exec(pem)?.[1] ?? '';
  const head = Buffer.from(body, 'base64').subarray(0, HEAD);
  return CIPHERS.find(({ der }) => head.includes(der)) ?? null;
}

/**
 * Deno and Bun have ciphers that they do not open keys with, and say so. Of Node.js
 * such a word means nothing: what a wrong passphrase yields may be called that, too.
 *
 * @param {unknown} error
 */
function saysUnsupported(error) {
  const { bun, deno } = process.versions;
  return (bun !== undefined || deno !== undefined) && /unsupported|unknown_algorithm/i.test(messageOf(error));
}

/**
 * @param {string} pem of an encrypted key that could not be opened
 * @param {string | null} file what it was read from
 * @param {unknown} error what opening it threw
 * @returns {string | null} the end of a sentence about it, if it takes a cipher that this Node.js does not have
 */
function whyClosed(pem, file, error) {
  const found = cipherOf(pem);
  if (found === null || (getCiphers().includes(found.cipher.toLowerCase()) && !saysUnsupported(error))) return null;
  const name = file !== null && /^[\w./@%+=:,-]+$/.test(file) ? file : 'KEY';
  return `is encrypted with ${found.name}, which this Node.js cannot open, nor tell whether its passphrase is right: encrypt it again, ` +
    `openssl pkcs8 -topk8 -v2 aes-256-cbc -in ${name} -out ${name}.new (from OpenSSL 3 on with -provider legacy -provider default)`;
}

module.exports = { whyClosed };
