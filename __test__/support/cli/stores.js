'use strict';

// Stores in folders of their own, and an independent reading of their bytes.

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const zlib = require('node:zlib');

const KEY = '3d84a1efc77268c98bc6ca2921eb35a6d82a40a38696d25fbb64ff1733cd2523';
const IV = '3a613563c433a361a62a9efe4dd8462e';

/** AES in counter mode is its own inverse. */
function crypt(bytes, key = Buffer.from(KEY, 'hex')) {
  const cipher = crypto.createCipheriv('aes-256-ctr', key, Buffer.from(IV, 'hex'));
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

/** The bytes of a store that holds this text, whether it is JSON or not. */
const sealed = (text, key) => crypt(zlib.gzipSync(text), key);

/** @param {import('node:test').TestContext} t */
function tempFolder(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-store-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A path in a new folder, with these bytes if they are given. */
function tempStore(t, bytes) {
  const file = path.join(tempFolder(t), '.owt.authstore');
  if (bytes !== undefined) fs.writeFileSync(file, bytes);
  return file;
}

module.exports = { IV, KEY, crypt, sealed, tempFolder, tempStore };
