'use strict';

// Against OWT's own cipher.js, by what it wrote (fixtures/authstore.json says
// how), and against openssl.

const assert = require('node:assert').strict;
const { execFileSync, spawnSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const { test } = require('node:test');
const zlib = require('node:zlib');
const { readStore, updateStore } = require('../../lib/credentials/store');
const { IV, KEY, crypt, sealed, tempStore } = require('../support/cli/stores');
const { keystore, vectors } = require('../fixtures/authstore.json');

const noOpenssl = spawnSync('openssl', ['version']).status !== 0 && 'needs the openssl command';
const openssl = (input, ...args) => execFileSync('openssl', ['enc', '-aes-256-ctr', '-K', KEY, '-iv', IV, ...args], { input });

test("what OWT's cipher.js wrote is read, whichever of its two ways wrote it", (t) => {
  for (const { how, object, bytes } of vectors) {
    const file = tempStore(t, Buffer.from(bytes, 'hex'));
    assert.deepEqual(readStore(file).reveal(), object, how);
  }
});

test('what is written has the layout that cipher.js reads: AES-256-CTR, gzip, JSON', async (t) => {
  for (const { object } of vectors) {
    const file = tempStore(t);
    await updateStore(file, object);
    const json = zlib.gunzipSync(crypt(fs.readFileSync(file))).toString();
    assert.equal(json, JSON.stringify(object));
  }
});

test('openssl opens what is written', { skip: noOpenssl }, async (t) => {
  for (const { object } of vectors) {
    const file = tempStore(t);
    await updateStore(file, object);
    assert.deepEqual(JSON.parse(zlib.gunzipSync(openssl(fs.readFileSync(file), '-d'))), object);
  }
});

test('what openssl locked is read', { skip: noOpenssl }, (t) => {
  for (const { object } of vectors) {
    const file = tempStore(t, openssl(zlib.gzipSync(JSON.stringify(object)), '-e'));
    assert.deepEqual(readStore(file).reveal(), object);
  }
});

test('with credPass the key is PBKDF2 of it and of the salt, 4000 rounds of SHA-256, 32 bytes', async (t) => {
  const builtIn = Buffer.from('1a7bb4a4f56f15eb875c7a66d8fe893bc9458acd414319d431f6a6dfaef69fa6', 'hex');
  for (const [credSalt, salt] of [[undefined, builtIn], ['', builtIn], ['grain', 'grain'], [Buffer.from('raw'), 'raw']]) {
    const file = tempStore(t);
    await updateStore(file, { spk: 'x' }, { credPass: 'mine', credSalt });
    const key = crypto.pbkdf2Sync('mine', salt, 4000, 32, 'sha256');
    assert.equal(zlib.gunzipSync(crypt(fs.readFileSync(file), key)).toString(), '{"spk":"x"}');
    assert.deepEqual(readStore(file, { credPass: 'mine', credSalt }).reveal(), { spk: 'x' });
  }
});

test('a store that is locked with another key is told from a damaged one, both ways', async (t) => {
  const file = tempStore(t);
  await updateStore(file, { spk: 'x' }, { credPass: 'mine' });
  for (const options of [undefined, { credPass: 'yours' }, { credPass: 'mine', credSalt: 'grain' }]) {
    assert.throws(() => readStore(file, options), { name: 'StoreError', code: 'NOT_A_STORE', message: /another key \(credPass\)/ });
    await assert.rejects(updateStore(file, { spk: 'y' }, options), { code: 'NOT_A_STORE' });
  }
  assert.deepEqual(readStore(file, { credPass: 'mine' }).reveal(), { spk: 'x' });
});

test('a pass phrase that is none is refused before anything is read', () => {
  for (const credPass of ['', 5, {}]) assert.throws(() => readStore('nowhere', { credPass }), /credPass must be a text/);
  assert.throws(() => readStore('nowhere', { credPass: 'x', credSalt: 5 }), /credSalt must be a text or bytes/);
});

test("OWT's .owt.keystore is told from a store", (t) => {
  const file = tempStore(t, Buffer.from(keystore, 'hex'));
  assert.throws(() => readStore(file), { code: 'INVALID', message: /\.owt\.keystore is such a file/ });
});

test('a bomb is refused before it is unpacked', (t) => {
  // Sixty-four times what a store may have, in a file that is small enough.
  const bomb = sealed(Buffer.alloc(64 * 1024 * 1024, ' '));
  assert.ok(bomb.length < 1024 * 1024);
  const before = process.memoryUsage.rss();
  assert.throws(() => readStore(tempStore(t, bomb)), { code: 'TOO_LARGE' });
  assert.ok(process.memoryUsage.rss() - before < 48 * 1024 * 1024);
});

test('a store of the greatest size is read, one byte more is not, and is never written', async (t) => {
  const limit = 1024 * 1024;
  const json = (length) => `{"a":"${'x'.repeat(length - 8)}"}`;
  assert.equal(readStore(tempStore(t, sealed(json(limit)))).reveal().a.length, limit - 8);
  assert.throws(() => readStore(tempStore(t, sealed(json(limit + 1)))), { code: 'TOO_LARGE' });
  assert.throws(() => readStore(tempStore(t, crypto.randomBytes(limit + 1))), { code: 'TOO_LARGE' });

  const file = tempStore(t);
  await updateStore(file, { a: 'x'.repeat(limit - 8) });
  await assert.rejects(updateStore(file, { b: '' }), { code: 'TOO_LARGE' });
  assert.deepEqual(Object.keys(readStore(file).reveal()), ['a']);
});

test('what JSON cannot hold is refused and changes nothing', async (t) => {
  const file = tempStore(t);
  await updateStore(file, { spk: 'x' });
  const cycle = {};
  cycle.cycle = cycle;
  for (const a of [1n, cycle]) await assert.rejects(updateStore(file, { a }), { code: 'INVALID' });
  assert.deepEqual(readStore(file).reveal(), { spk: 'x' });
});

test('JSON that is nested without end is kept whole, or refused and changes nothing', async (t) => {
  const depth = 200_000;
  const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const file = tempStore(t, sealed(`{"a":${nested}}`));
  assert.ok(Array.isArray(readStore(file).reveal().a));
  for (const change of [{ b: 1 }, { b: JSON.parse(nested) }]) {
    const before = readStore(file).reveal().b;
    // Before Node.js 26 JSON.stringify has no stack for it.
    const refusal = await updateStore(file, change).then(() => null, (error) => error);
    const after = readStore(file).reveal();
    assert.ok(Array.isArray(after.a));
    if (refusal) {
      assert.equal(refusal.code, 'INVALID');
      assert.equal(after.b, before);
    } else {
      assert.equal(typeof after.b, typeof change.b);
    }
  }
});
