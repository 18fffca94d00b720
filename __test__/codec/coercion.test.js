'use strict';

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { Writer } = require('../../lib/codec-runtime');
const { messages, referenceOf } = require('../support/grpc/reference');
const path = require('node:path');

const codecOf = (file, name) =>
  require(path.join(__dirname, '../../lib/codec', file.replace('.proto', '.js'))).messages[name];

function ours(codec, object) {
  const writer = new Writer(64);
  codec.encode(object, writer);
  return Buffer.from(writer.buf.subarray(0, writer.pos));
}

/** The result, or the text of the error. */
function outcome(encode) {
  try {
    return encode().toString('hex');
  } catch (error) {
    return error.message;
  }
}

/** What callers put where another type belongs. */
const ODD = [
  undefined, null, '', 'text', '12', '-7', '1.9', 0, 1, -1, 1.9, 500, 4294967295, 4294967296, NaN, Infinity,
  true, false, [], ['a'], [1, '2', null], {}, { a: 1 }, new Date(0), () => {},
];

test('every field takes, converts and refuses what fromObject does, with its texts', () => {
  for (const [file, name] of messages) {
    const codec = codecOf(file, name);
    const { serialize, type } = referenceOf(file, name);
    for (const field of type.fieldsArray) {
      for (const value of ODD) {
        if (field.type === 'uint64' && typeof value !== 'string' && typeof value !== 'number') continue;
        if (field.type === 'bytes' && typeof value === 'function') continue;
        if (field.repeated && field.resolvedType && Array.isArray(value)) continue;
        const object = { [field.name]: value };
        assert.equal(
          outcome(() => ours(codec, object)),
          outcome(() => serialize(object)),
          `${name}.${field.name} = ${String(value)} (${typeof value})`
        );
      }
    }
  }
});

test('64-bit numbers are taken as text, number, bigint or {low, high}', () => {
  const codec = codecOf('quic_agent.proto', 'owt.Token');
  const { deserialize } = referenceOf('quic_agent.proto', 'owt.Token');
  const read = (value) => deserialize(ours(codec, { issueTime: value })).issueTime;
  for (const text of ['0', '1', '127', '128', '4294967296', '9007199254740993', '18446744073709551615']) {
    assert.equal(read(text), text);
    assert.equal(read(BigInt(text)), text);
  }
  assert.equal(read(1700000000000), '1700000000000');
  assert.equal(read({ low: 1, high: 2 }), '8589934593');
});

test('bytes are taken as Buffer, Uint8Array, list or base64 text', () => {
  const codec = codecOf('access_agent.proto', 'owt.PublishRequest');
  const { deserialize } = referenceOf('access_agent.proto', 'owt.PublishRequest');
  for (const value of [Buffer.from([1, 2, 255]), new Uint8Array([1, 2, 255]), [1, 2, 255], 'AQL/']) {
    const read = deserialize(ours(codec, { option: { type_url: 'x', value } }));
    assert.deepEqual([...read.option.value], [1, 2, 255]);
  }
});

test('a message that is no object at all is an error that names it, text an empty message', () => {
  const codec = codecOf('format.proto', 'owt.SimpleReply');
  assert.throws(() => ours(codec, undefined), /^TypeError: \.owt\.SimpleReply: object expected$/);
  assert.throws(() => ours(codec, null), /object expected/);
  assert.equal(ours(codec, 'ok').length, 0);
});

test('an encoder that throws leaves the writer usable', () => {
  const codec = codecOf('access_agent.proto', 'owt.PublishRequest');
  const writer = new Writer(16);
  assert.throws(() => codec.encode({ id: 'x'.repeat(100), media: 5 }, writer));
  writer.pos = 0;
  codec.encode({ type: 'ok' }, writer);
  assert.equal(writer.buf.subarray(0, writer.pos).toString('latin1'), '\x12\x02ok');
});
