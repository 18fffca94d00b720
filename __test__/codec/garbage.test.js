'use strict';

const assert = require('node:assert').strict;
const path = require('node:path');
const { test } = require('node:test');
const fc = require('fast-check');
const { objectOf, seed } = require('../support/grpc/arbitrary');
const { messages, referenceOf } = require('../support/grpc/reference');
const { rounds } = require('../support/rounds');

console.log(`SEED=${seed}`);

const codecOf = (file, name) =>
  require(path.join(__dirname, '../../lib/codec', file.replace('.proto', '.js'))).messages[name];

const all = messages.map(([file, name]) => ({ name, codec: codecOf(file, name), reference: referenceOf(file, name) }));

/** The object, or the error; the bytes around the message must not matter. */
function outcome(codec, bytes) {
  const results = [0x00, 0x0a, 0xff].map((poison) => {
    const shared = Buffer.concat([Buffer.alloc(64, poison), bytes, Buffer.alloc(64, poison)]);
    try {
      return { object: codec.decode(shared, 64, 64 + bytes.length) };
    } catch (error) {
      assert.ok(error instanceof Error);
      return { error: error.message };
    }
  });
  assert.deepEqual(results[1], results[0]);
  assert.deepEqual(results[2], results[0]);
  return results[0];
}

test('every truncation of a message is an error or a shorter message, never an over-read', () => {
  for (const { codec, reference } of all) {
    for (const object of fc.sample(objectOf(reference.type), { seed, numRuns: 3 })) {
      const bytes = reference.serialize(object);
      for (let length = 0; length <= Math.min(bytes.length, 200); length++) {
        outcome(codec, bytes.subarray(0, length));
      }
    }
  }
});

test('random bytes are an error or an object, at the end of the memory, too', () => {
  fc.assert(
    fc.property(fc.constantFrom(...all), fc.uint8Array({ maxLength: 60 }), ({ codec }, bytes) => {
      outcome(codec, Buffer.from(bytes));
      // Nothing behind the message: reading on gives undefined, not a byte.
      const alone = Buffer.from(new Uint8Array(bytes).buffer);
      try {
        codec.decode(alone, 0, alone.length);
      } catch (error) {
        assert.ok(error instanceof Error);
      }
    }),
    { seed, numRuns: rounds(20_000) }
  );
});

test('unknown fields of every wire type are skipped', () => {
  const unknown = Buffer.from([
    ...[0xf8, 0x7f, 0x96, 0x01], // varint
    ...[0xf9, 0x7f, 1, 2, 3, 4, 5, 6, 7, 8], // 64 bits
    ...[0xfa, 0x7f, 2, 0xff, 0xff], // bytes
    ...[0xfd, 0x7f, 1, 2, 3, 4], // 32 bits
    ...[0xfb, 0x7f, 0x08, 0x01, 0x13, 0x14, 0xfc, 0x7f], // a group with a group in it
  ]);
  for (const { codec, reference } of all) {
    for (const object of fc.sample(objectOf(reference.type), { seed, numRuns: 2 })) {
      const bytes = Buffer.concat([unknown, reference.serialize(object), unknown]);
      assert.deepEqual(outcome(codec, bytes).object, reference.deserialize(bytes));
    }
  }
});

test('groups nested without end are an error', () => {
  const { codec } = all[0];
  assert.match(outcome(codec, Buffer.alloc(10_000, 0x7b)).error, /nesting depth/);
});

test('a message in two parts is read as proto-loader reads it', () => {
  for (const { codec, reference } of all) {
    const [one, two] = fc.sample(objectOf(reference.type), { seed, numRuns: 2 });
    const bytes = Buffer.concat([reference.serialize(one), reference.serialize(two)]);
    assert.deepEqual(outcome(codec, bytes).object, reference.deserialize(bytes));
  }
});

test('lists of numbers are read packed and unpacked', () => {
  const lists = all.flatMap((message) =>
    message.reference.type.fieldsArray
      .filter((field) => field.repeated && ['int32', 'uint32', 'double'].includes(field.type))
      .map((field) => ({ ...message, field }))
  );
  assert.ok(lists.length > 0);
  for (const { codec, reference, field } of lists) {
    const unpacked = Buffer.from([(field.id << 3) | 0, 5, (field.id << 3) | 0, 0x96, 0x01]);
    const packed = Buffer.from([(field.id << 3) | 2, 2, 7, 8]);
    const bytes = Buffer.concat([unpacked, packed]);
    assert.deepEqual(outcome(codec, bytes).object[field.name], [5, 150, 7, 8]);
    assert.deepEqual(outcome(codec, bytes).object, reference.deserialize(bytes));
  }
});
