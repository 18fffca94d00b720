'use strict';

const assert = require('node:assert').strict;
const path = require('node:path');
const { test } = require('node:test');
const fc = require('fast-check');
const protobuf = require('protobufjs');
const { Writer } = require('../../lib/codec-runtime');
const standard = require('../../lib/codec/standard');
const { objectOf, seed } = require('../support/grpc/arbitrary');
const { OPTIONS } = require('../support/grpc/reference');
const { theirProtos } = require('../support/grpc/standard');

console.log(`SEED=${seed}`);

const ours = path.join(__dirname, '../../proto');

function rootOf(file) {
  const root = new protobuf.Root();
  root.loadSync(file, { keepCase: true });
  root.resolveAll();
  return root;
}

/** Every message below a namespace. */
function messagesOf(space) {
  const inner = (space.nestedArray ?? []).flatMap(messagesOf);
  return space instanceof protobuf.Type ? [space, ...inner] : inner;
}

/** Names, numbers and types, without the options that concern other languages. */
function facts(value) {
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([key]) => key !== 'options' && key !== 'comment');
  return Object.fromEntries(kept.map(([key, inner]) => [key, facts(inner)]));
}

const codecs = new Map(Object.values(standard).map((world) => [world.file, world]));

for (const [file, theirs] of Object.entries(theirProtos)) {
  test(`${file} is the standard one in names, numbers and types`, () => {
    assert.deepEqual(facts(rootOf(path.join(ours, file)).toJSON()), facts(rootOf(theirs).toJSON()));
  });

  test(`the messages of ${file} are in bytes and objects what proto-loader makes of them`, () => {
    const types = messagesOf(rootOf(theirs));
    assert.ok(types.length >= 4);
    for (const type of types) {
      const name = type.fullName.slice(1);
      const codec = codecs.get(file).lookup(name);
      const encode = (object) => {
        const writer = new Writer(16);
        codec.encode(object, writer);
        return writer.buf.subarray(0, writer.pos);
      };
      const property = fc.property(objectOf(type), (object) => {
        const bytes = Buffer.from(type.encode(type.fromObject(object)).finish());
        assert.deepEqual(Buffer.from(encode(object)), bytes, name);
        const expected = type.toObject(type.decode(bytes), OPTIONS);
        const decoded = codec.decode(bytes, 0, bytes.length);
        assert.deepEqual(decoded, expected, name);
        assert.deepEqual(Object.keys(decoded), Object.keys(expected), name);
      });
      fc.assert(property, { seed, numRuns: 60 });
    }
  });
}

test('a key of a map that is called __proto__ is a key', () => {
  const codec = standard['grpc.health.v1.Health'].lookup('grpc.health.v1.HealthListResponse');
  const writer = new Writer(16);
  codec.encode({ statuses: JSON.parse('{"__proto__":{"status":"SERVING"}}') }, writer);
  const { statuses } = codec.decode(writer.buf, 0, writer.pos);
  assert.deepEqual(Object.keys(statuses), ['__proto__']);
  assert.equal(Object.getPrototypeOf(statuses), Object.prototype);
});
