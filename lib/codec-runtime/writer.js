'use strict';

// What the generated encoders write into.

const { Buffer } = require('node:buffer');

/** Strings up to this length are worth a try as ASCII before utf8 is asked. */
const SHORT = 48;

/**
 * A growing buffer with a cursor. An encoder that throws leaves the cursor
 * somewhere: whoever called it sets it back.
 */
class Writer {
  /** @param {number} size first size in bytes */
  constructor(size) {
    this.buf = Buffer.allocUnsafeSlow(size);
    this.pos = 0;
  }

  /**
   * Makes room for `n` bytes behind the cursor.
   *
   * @param {number} n
   */
  grow(n) {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buf.length * 2, this.pos + n));
    this.buf.copy(larger, 0, 0, this.pos);
    this.buf = larger;
  }

  /** @param {number} n */
  reserve(n) {
    if (this.pos + n > this.buf.length) this.grow(n);
  }

  /**
   * An unsigned 32-bit varint. Room is the caller's care.
   *
   * @param {number} value
   */
  varint(value) {
    const { buf } = this;
    let { pos } = this;
    while (value > 127) {
      buf[pos++] = (value & 127) | 128;
      value >>>= 7;
    }
    buf[pos++] = value;
    this.pos = pos;
  }

  /**
   * Begins a length-delimited value; its length is patched by `end`.
   *
   * @param {number} tag
   * @returns {number} where the value begins
   */
  begin(tag) {
    this.reserve(8);
    this.varint(tag);
    return ++this.pos;
  }

  /** @param {number} start what `begin` returned */
  end(start) {
    const length = this.pos - start;
    if (length < 128) {
      this.buf[start - 1] = length;
      return;
    }
    // The length needs more than the one byte kept for it: move the value up.
    const more = varintSize(length) - 1;
    this.reserve(more);
    this.buf.copyWithin(start + more, start, this.pos);
    this.pos = start - 1;
    this.varint(length);
    this.pos += length;
  }

  /**
   * @param {number} tag 0 writes the value alone, as packed lists want it
   * @param {unknown} value
   */
  int32(tag, value) {
    const n = /** @type {number} */ (value) | 0;
    this.reserve(15);
    if (tag !== 0) this.varint(tag);
    if (n >= 0) {
      this.varint(n);
      return;
    }
    // Negative numbers are sign-extended to 64 bits: always ten bytes.
    const { buf } = this;
    let { pos } = this;
    for (let shift = 0; shift < 28; shift += 7) buf[pos++] = (n >>> shift) | 128;
    buf[pos++] = (n >> 28) | 128;
    buf.fill(255, pos, pos + 4);
    buf[pos + 4] = 1;
    this.pos = pos + 5;
  }

  /**
   * @param {number} tag
   * @param {unknown} value
   */
  uint32(tag, value) {
    this.reserve(10);
    if (tag !== 0) this.varint(tag);
    this.varint(/** @type {number} */ (value) >>> 0);
  }

  /**
   * @param {number} tag
   * @param {unknown} value
   */
  bool(tag, value) {
    this.reserve(6);
    if (tag !== 0) this.varint(tag);
    this.buf[this.pos++] = value ? 1 : 0;
  }

  /**
   * @param {number} tag
   * @param {unknown} value
   */
  double(tag, value) {
    this.reserve(13);
    if (tag !== 0) this.varint(tag);
    this.pos = this.buf.writeDoubleLE(Number(value), this.pos);
  }

  /**
   * @param {number} tag
   * @param {unknown} value string, number, bigint or {low, high}
   */
  uint64(tag, value) {
    let bits = to64Bits(value);
    this.reserve(15);
    if (tag !== 0) this.varint(tag);
    while (bits > 127n) {
      this.buf[this.pos++] = Number(bits & 127n) | 128;
      bits >>= 7n;
    }
    this.buf[this.pos++] = Number(bits);
  }

  /**
   * @param {number} tag
   * @param {unknown} value
   */
  string(tag, value) {
    const text = typeof value === 'string' ? value : String(value);
    const { length } = text;
    this.reserve(length * 3 + 10);
    this.varint(tag);
    if (length > SHORT) {
      this.utf8(text);
      return;
    }
    const { buf } = this;
    let { pos } = this;
    buf[pos++] = length;
    for (let i = 0; i < length; i++) {
      const char = text.charCodeAt(i);
      if (char > 127) {
        this.utf8(text);
        return;
      }
      buf[pos++] = char;
    }
    this.pos = pos;
  }

  /** @param {string} text */
  utf8(text) {
    const start = this.pos + varintSize(text.length);
    const written = this.buf.utf8Write(text, start);
    const shift = this.pos + varintSize(written) - start;
    if (shift > 0) this.buf.copyWithin(start + shift, start, start + written);
    this.varint(written);
    this.pos += written;
  }

  /**
   * @param {number} tag
   * @param {any} value Buffer, Uint8Array, array of bytes or base64 text
   */
  bytes(tag, value) {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : value;
    if (!(bytes.length >= 0)) return;
    this.reserve(bytes.length + 10);
    this.varint(tag);
    this.varint(bytes.length);
    this.buf.set(bytes, this.pos);
    this.pos += bytes.length;
  }
}

/** @param {number} value */
function varintSize(value) {
  if (value < 128) return 1;
  if (value < 16384) return 2;
  if (value < 2097152) return 3;
  return value < 268435456 ? 4 : 5;
}

/**
 * The 64 bits of what callers give for a 64-bit number. Text that begins with
 * no number is 0, as protobufjs has it.
 *
 * @param {any} value
 * @returns {bigint}
 */
function to64Bits(value) {
  if (typeof value === 'bigint') return BigInt.asUintN(64, value);
  if (typeof value === 'string') {
    if (value === '') throw new Error('empty string');
    return BigInt.asUintN(64, BigInt(/^-?\d+/.exec(value)?.[0] ?? 0));
  }
  if (typeof value === 'number') {
    if (!(value > 0)) return 0n;
    return value < 2 ** 64 ? BigInt(Math.trunc(value)) : (1n << 64n) - 1n;
  }
  return (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
}

module.exports = { Writer };
