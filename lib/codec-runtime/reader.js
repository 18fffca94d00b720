'use strict';

// What the generated decoders read with: each function takes (buf, pos, end) and
// returns a value. The cursor stays in the generated code's locals, where V8
// keeps it in a register.

const { Buffer } = require('node:buffer');

const MAX_GROUP_DEPTH = 100;

/** @param {string} what a message's name, or the kind of value that was cut */
function truncated(what) {
  return new RangeError(`index out of range: the bytes end inside of ${what}`);
}

/**
 * The low 32 bits of a varint.
 *
 * @param {Buffer} buf
 * @param {number} pos
 * @param {number} end
 */
function varint(buf, pos, end) {
  let value = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    if (pos >= end) throw truncated('a number');
    const byte = buf[pos++];
    if (shift < 32) value |= (byte & 127) << shift;
    if (byte < 128) return value >>> 0;
  }
  throw new Error('invalid varint encoding');
}

/**
 * The offset behind a varint that `varint` has read, so it is known to end.
 *
 * @param {Buffer} buf
 * @param {number} pos
 */
function afterVarint(buf, pos) {
  while (buf[pos++] > 127);
  return pos;
}

/**
 * An unsigned 64-bit number as decimal text.
 *
 * @param {Buffer} buf
 * @param {number} pos
 * @param {number} end
 */
function uint64(buf, pos, end) {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    if (pos >= end) throw truncated('a number');
    const byte = buf[pos++];
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return BigInt.asUintN(64, value).toString();
  }
  throw new Error('invalid varint encoding');
}

/**
 * @param {Buffer} buf
 * @param {number} pos
 * @param {number} end
 * @param {string | null} text the message as latin1
 * @param {number} base where in `buf` the text begins
 */
function string(buf, pos, end, text, base) {
  if (text === null) return buf.utf8Slice(pos, end);
  let seen = 0;
  for (let i = pos; i < end; i++) seen |= buf[i];
  return seen > 127 ? buf.utf8Slice(pos, end) : text.substring(pos - base, end - base);
}

/**
 * @param {Buffer} buf
 * @param {number} pos
 * @param {number} end
 */
function copy(buf, pos, end) {
  const copied = Buffer.allocUnsafe(end - pos);
  buf.copy(copied, 0, pos, end);
  return copied;
}

/**
 * @param {Buffer} buf
 * @param {number} pos
 * @param {number} end
 * @param {number[]} into
 */
function packedInt32s(buf, pos, end, into) {
  while (pos < end) {
    into.push(varint(buf, pos, end) | 0);
    pos = afterVarint(buf, pos);
  }
}

/**
 * @param {Buffer} buf
 * @param {number} pos
 * @param {number} end
 * @param {number[]} into
 */
function packedUint32s(buf, pos, end, into) {
  while (pos < end) {
    into.push(varint(buf, pos, end));
    pos = afterVarint(buf, pos);
  }
}

/**
 * @param {Buffer} buf
 * @param {number} pos
 * @param {number} end
 * @param {number[]} into
 */
function packedDoubles(buf, pos, end, into) {
  for (; pos < end; pos += 8) {
    if (pos + 8 > end) throw truncated('double');
    into.push(buf.readDoubleLE(pos));
  }
}

/**
 * The offset behind a field that is not known, or not of the known wire type.
 *
 * @param {Buffer} buf
 * @param {number} pos behind the tag
 * @param {number} end
 * @param {number} tag
 * @param {number} [depth]
 * @returns {number}
 */
function skip(buf, pos, end, tag, depth = 0) {
  switch (tag & 7) {
    case 0:
      varint(buf, pos, end);
      return afterVarint(buf, pos);
    case 1:
      return within(pos + 8, end);
    case 2: {
      const length = varint(buf, pos, end);
      return within(afterVarint(buf, pos) + length, end);
    }
    case 3:
      return skipGroup(buf, pos, end, depth);
    case 5:
      return within(pos + 4, end);
    default:
      throw new Error(`invalid wire type ${tag & 7}`);
  }
}

/**
 * @param {Buffer} buf
 * @param {number} pos
 * @param {number} end
 * @param {number} depth
 */
function skipGroup(buf, pos, end, depth) {
  if (depth >= MAX_GROUP_DEPTH) throw new Error('maximum nesting depth exceeded');
  for (;;) {
    const tag = varint(buf, pos, end);
    pos = afterVarint(buf, pos);
    if ((tag & 7) === 4) return pos;
    pos = skip(buf, pos, end, tag, depth + 1);
  }
}

/**
 * @param {number} pos
 * @param {number} end
 */
function within(pos, end) {
  if (pos > end) throw truncated('an unknown field');
  return pos;
}

module.exports = { afterVarint, copy, packedDoubles, packedInt32s, packedUint32s, skip, string, truncated, uint64, varint };
