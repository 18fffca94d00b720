'use strict';

const assert = require('node:assert').strict;
const path = require('node:path');
const { test } = require('node:test');
const fc = require('fast-check');
const { Writer } = require('../../lib/codec-runtime');
const { objectOf, seed } = require('../support/grpc/arbitrary');
const { messages, referenceOf } = require('../support/grpc/reference');
const { rounds } = require('../support/rounds');

console.log(`SEED=${seed}`);

const modules = path.join(__dirname, '..', '..', 'lib', 'codec');
const codecOf = (file, name) => require(path.join(modules, file.replace('.proto', '.js'))).messages[name];

/** Options of requests and the data of notifications. */
const PACKED =
  /^owt\.(RequestOption|(MediaUpdate|TrackUpdate|TransportProgress|AudioActiveness|SessionProgress|VideoLayoutChange|StreamAdded)Data)$/;

const writer = new Writer(16);

/** Encodes in the middle of other bytes, as the crossing does. */
function encode(codec, object) {
  writer.pos = 7;
  codec.encode(object, writer);
  return Buffer.from(writer.buf.subarray(7, writer.pos));
}

/** Decodes in the middle of other bytes, which are then overwritten. */
function decode(codec, bytes, method = 'decode') {
  const shared = Buffer.concat([Buffer.alloc(5, 0xff), bytes, Buffer.alloc(5, 0xff)]);
  const object = codec[method](shared, 5, 5 + bytes.length);
  shared.fill(0xee);
  return object;
}

for (const [file, name] of messages) {
  test(`${file} ${name} is in bytes and objects what proto-loader makes of it`, () => {
    const codec = codecOf(file, name);
    const reference = referenceOf(file, name);
    fc.assert(
      fc.property(objectOf(reference.type), (object) => {
        const theirs = reference.serialize(object);
        const ours = encode(codec, object);
        assert.deepEqual(ours, theirs);
        const decoded = decode(codec, theirs);
        assert.deepEqual(decoded, reference.deserialize(theirs));
        assert.deepEqual(Object.keys(decoded), Object.keys(reference.deserialize(theirs)));
        // What was received can be sent on: virtual keys and defaults included.
        assert.deepEqual(encode(codec, decoded), reference.serialize(reference.deserialize(theirs)));
      }),
      { seed, numRuns: rounds(60) }
    );
  });
}

test('messages inside of an Any are read without defaults, as protobufjs does', () => {
  const packed = messages.filter(([, name]) => PACKED.test(name));
  assert.equal(packed.length, 17);
  for (const [file, name] of packed) {
    const codec = codecOf(file, name);
    const { serialize, type } = referenceOf(file, name);
    fc.assert(
      fc.property(objectOf(type), (object) => {
        const bytes = serialize(object);
        assert.deepEqual(decode(codec, bytes, 'decodeBare'), type.toObject(type.decode(bytes), { enums: String }));
      }),
      { seed, numRuns: 100 }
    );
  }
});

test('strings of any length survive, empty and 1 MB ones', () => {
  const codec = codecOf('access_agent.proto', 'owt.PublishRequest');
  const { serialize, deserialize } = referenceOf('access_agent.proto', 'owt.PublishRequest');
  for (const length of [0, 1, 47, 48, 49, 127, 128, 129, 16383, 16384, 1 << 20]) {
    for (const char of ['a', 'é', '語']) {
      const object = { id: char.repeat(length), type: 't' };
      const bytes = serialize(object);
      assert.deepEqual(encode(codec, object), bytes);
      assert.deepEqual(decode(codec, bytes), deserialize(bytes));
    }
  }
});
