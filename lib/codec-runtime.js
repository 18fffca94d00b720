'use strict';

// What the generated codec calls: a writer, and the readers of wire values.
// Readers take (buf, pos, end) and return a value; the cursor stays in the
// generated code's locals, where V8 keeps it in a register.

const { Buffer } = require('node:buffer');

const EMPTY = Buffer.alloc(0);

/** Longer messages are read string by string: a substring of one would keep all of its text alive. */
const TEXT_AT_ONCE = 4096;

/** Strings up to this length are worth a try as ASCII before utf8 is asked. */
const SHORT = 48;

const MAX_GROUP_DEPTH = 100;

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

/** @param {string} path */
function objectExpected(path) {
  return new TypeError(`${path}: object expected`);
}

/** @param {string} path */
function arrayExpected(path) {
  return new TypeError(`${path}: array expected`);
}

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

/**
 * @typedef {(d: any, w: Writer) => void} Encode
 * @typedef {(buf: Buffer, pos: number, end: number, text: string | null, base: number) => any} Decode
 */

/**
 * What the rest of the package sees of a message.
 *
 * @typedef {object} Codec
 * @property {string} name full name, such as `owt.PublishRequest`
 * @property {(object: any, writer: Writer) => void} encode appends the message's bytes
 * @property {(buf: Buffer, start: number, end: number) => any} decode the object with all defaults
 * @property {(buf: Buffer, start: number, end: number) => any} decodeBare the object without unset fields
 */

/**
 * @param {string} name
 * @param {Encode} encode
 * @param {Decode} decode
 * @param {Decode} [bare] for the messages that travel inside of an Any
 * @returns {Codec}
 */
function codec(name, encode, decode, bare = decode) {
  return {
    name,
    encode(object, writer) {
      if (object == null) throw objectExpected(`.${name}`);
      encode(object, writer);
    },
    decode: (buf, start, end) => decode(buf, start, end, textOf(buf, start, end), start),
    decodeBare: (buf, start, end) => bare(buf, start, end, textOf(buf, start, end), start),
  };
}

/**
 * @param {Buffer} buf
 * @param {number} start
 * @param {number} end
 */
function textOf(buf, start, end) {
  return end - start > TEXT_AT_ONCE ? null : buf.latin1Slice(start, end);
}

/**
 * @typedef {object} Method
 * @property {string} name as in the proto
 * @property {string} originalName as JavaScript calls it
 * @property {string} path
 * @property {boolean} requestStream
 * @property {boolean} responseStream
 * @property {Codec} request
 * @property {Codec} response
 *
 * @typedef {object} File
 * @property {string} file
 * @property {File[]} imports
 * @property {Record<string, Codec>} messages
 * @property {{ name: string, methods: Method[] } | null} service
 *
 * @typedef {object} World
 * @property {string} type OWT's name
 * @property {string} file
 * @property {{ name: string, methods: Method[] } | null} service
 * @property {(fullName: string) => Codec | undefined} lookup searches this type's file and its imports
 */

/**
 * One type of OWT: its file and all that this imports. Other types may give
 * the same names to other messages.
 *
 * @param {string} type
 * @param {() => File} load
 * @returns {World}
 */
function world(type, load) {
  /** @param {File} file @param {string} name @returns {Codec | undefined} */
  const search = (file, name) => {
    if (Object.hasOwn(file.messages, name)) return file.messages[name];
    for (const imported of file.imports) {
      const found = search(imported, name);
      if (found) return found;
    }
    return undefined;
  };
  return {
    type,
    get file() {
      return load().file;
    },
    get service() {
      return load().service;
    },
    lookup: (name) => search(load(), name),
  };
}

module.exports = {
  EMPTY,
  Writer,
  afterVarint,
  arrayExpected,
  codec,
  copy,
  objectExpected,
  packedDoubles,
  packedInt32s,
  packedUint32s,
  skip,
  string,
  truncated,
  uint64,
  varint,
  world,
};
