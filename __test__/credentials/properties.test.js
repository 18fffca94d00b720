'use strict';

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const fc = require('fast-check');
const { StoreError } = require('../../lib/credentials/errors');
const { keyOf, lock, unlock } = require('../../lib/credentials/format');
const { crypt, sealed } = require('../support/cli/stores');
const { seed } = require('../support/grpc/arbitrary');
const { rounds } = require('../support/rounds');

console.log(`SEED=${seed}`);

const key = keyOf();
const property = (all, ...args) => fc.assert(fc.property(...args), { seed, numRuns: rounds(all) });

/** What any JSON text of an object gives; keys may be any text, __proto__ too. */
const objects = fc
  .array(fc.tuple(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('__proto__', 'grpc', 'constructor')), fc.json({ maxDepth: 5 })))
  .map((entries) => `{${entries.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join()}}`)
  .map((json) => JSON.parse(json));

/** The object as JSON, or the code of the error. */
function outcome(bytes) {
  try {
    return JSON.stringify(unlock(bytes, key, 'the store'));
  } catch (error) {
    assert.ok(error instanceof StoreError, String(error));
    assert.ok(error.message.startsWith('the store: '));
    return error.code;
  }
}

test('any object comes back as it was put in', () => {
  property(2000, objects, (object) => {
    assert.equal(outcome(lock(object, key, 'the store')), JSON.stringify(object));
  });
});

test('any object comes back with any pass phrase and salt', () => {
  property(100, objects, fc.string({ minLength: 1 }), fc.oneof(fc.string(), fc.uint8Array(), fc.constant(undefined)), (object, credPass, credSalt) => {
    const own = keyOf({ credPass, credSalt });
    assert.equal(JSON.stringify(unlock(lock(object, own, 'f'), own, 'f')), JSON.stringify(object));
  });
});

test('bytes that are none of a store are the typed error', () => {
  property(5000, fc.uint8Array({ maxLength: 400 }), (bytes) => {
    // By chance they begin as gzip does, at most.
    assert.match(outcome(bytes), /^(NOT_A_STORE|DAMAGED)$/);
    assert.match(outcome(crypt(Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), bytes]))), /^DAMAGED$/);
  });
});

test('text that is not JSON of an object is the typed error', () => {
  property(2000, fc.oneof(fc.string(), fc.uint8Array().map(Buffer.from), fc.json()), (text) => {
    let object = false;
    try {
      const value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(text)));
      object = typeof value === 'object' && value !== null && !Array.isArray(value);
    } catch {
      // Not JSON.
    }
    if (!object) assert.match(outcome(sealed(text)), /^(DAMAGED|INVALID)$/);
  });
});

test('a store cut short anywhere is the typed error', () => {
  property(50, objects, (object) => {
    const bytes = lock(object, key, 'the store');
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(outcome(bytes.subarray(0, length)), length < 3 ? 'NOT_A_STORE' : 'DAMAGED');
    }
  });
});

test('a store with a bit changed anywhere is the typed error, or the same: never other credentials', () => {
  property(20, objects, (object) => {
    const bytes = lock(object, key, 'the store');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      const found = outcome(bytes);
      // Of gzip's header, time and system do not matter.
      if (found !== JSON.stringify(object)) assert.match(found, /^(NOT_A_STORE|DAMAGED)$/, `bit ${bit}`);
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
  });
});

test('what the fuzzer starts from, and has found, ends as it should', () => {
  const { fuzz } = require('../../fuzz/store.fuzz');
  const corpus = path.join(__dirname, '../../fuzz/corpus/store');
  const seeds = fs.readdirSync(corpus);
  assert.ok(seeds.length > 0);
  for (const name of seeds) fuzz(fs.readFileSync(path.join(corpus, name)));
});
