'use strict';

// google.protobuf.Any as OWT has it: a message beside its name.

const { Buffer } = require('node:buffer');
const { Writer } = require('./writer');

/**
 * @param {import('.').Codec} codec
 * @param {any} object
 * @returns {{ type_url: string, value: Buffer }}
 */
function packAny(codec, object) {
  const writer = new Writer(512);
  codec.encode(object, writer);
  return { type_url: codec.name, value: Buffer.from(writer.buf.subarray(0, writer.pos)) };
}

/**
 * @param {import('.').Codec} codec
 * @param {Uint8Array} value
 * @returns {any} the object without unset fields
 */
function unpackAny(codec, value) {
  const buf = Buffer.isBuffer(value) ? value : Buffer.from(value);
  return codec.decodeBare(buf, 0, buf.length);
}

module.exports = { packAny, unpackAny };
