'use strict';

// The records of one turn, in one buffer, and where each of them begins. Messages are
// encoded straight into it, behind their record's header. commands.js is what they say.

const { Writer } = require('../codec-runtime');
const { nextTick } = require('../common/clock');
const { assertMessage, isPlain } = require('../common/fields');
const { HEADER, PREFIX } = require('./records');

const FIRST_SIZE = 64 * 1024;
const SHORT = 64;
/** Its length is a u16. */
const LONGEST_TEXT = 0xffff;
/**
 * A batch of so many bytes or records does not wait for the end of the turn: the
 * network thread and the peer work on it meanwhile. With 128 calls in flight 64
 * records made a third more calls for 3 % of CPU; 16 cost a fifth and made no more.
 */
const FLUSH_SIZE = 32 * 1024;
const FLUSH_RECORDS = 64;
const INDEX_SIZE = 4 * (FLUSH_RECORDS + 1);
/** A buffer that a large message made larger is not kept. */
const KEEP_SIZE = 1024 * 1024;

/** @typedef {import('../codec-runtime').Codec} Codec */

class Outbox extends Writer {
  /** @param {(batch: Buffer, length: number) => void} send hands a batch to the network thread, which copies it */
  constructor(send) {
    super(FIRST_SIZE);
    this.send = send;
    this.records = 0;
    /** Where the records begin. */
    this.starts = new Uint32Array(FLUSH_RECORDS);
    this.scheduled = false;
    /** A record is begun and not yet whole. */
    this.writing = false;
    /** For what is sent meanwhile. @type {Outbox | null} */
    this.beside = null;
    this.flush = this.flush.bind(this);
  }

  /** @returns {void} */
  flush() {
    // Half a record is not sent: the rest of it, or its end, comes in this turn.
    if (this.writing) return this.schedule();
    this.scheduled = false;
    if (this.pos === 0) return this.beside?.flush();
    this.index();
    const length = this.pos;
    this.pos = 0;
    this.records = 0;
    this.send(this.buf, length);
    if (this.buf.length > KEEP_SIZE) this.buf = Buffer.allocUnsafeSlow(FIRST_SIZE);
    this.beside?.flush();
  }

  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    nextTick(this.flush);
  }

  /** Behind the records, where there is room: where each begins, and how many there are. */
  index() {
    const { buf, records, starts } = this;
    let { pos } = this;
    for (let n = 0; n <= records; n++) {
      const value = n < records ? starts[n] : records;
      buf[pos++] = value;
      buf[pos++] = value >>> 8;
      buf[pos++] = value >>> 16;
      buf[pos++] = value >>> 24;
    }
    this.pos = pos;
  }

  /** @param {number} n */
  grow(n) {
    // A large message is not moved again for the index behind it.
    super.grow(n + INDEX_SIZE);
  }

  /**
   * Writes one record, whole or not at all: what was begun is taken back if `write`
   * throws, and so do what `write` is given. There is no other way into the buffer.
   *
   * @template T
   * @param {number} op
   * @param {number} flags
   * @param {number} id
   * @param {(outbox: Outbox, a: any, b: any, c: any, d: any, e: any, f: any) => T} write writes the body
   * @param {any} [a]
   * @param {any} [b]
   * @param {any} [c]
   * @param {any} [d]
   * @param {any} [e]
   * @param {any} [f]
   * @returns {T} what `write` returned
   */
  record(op, flags, id, write, a, b, c, d, e, f) {
    if (this.writing) return this.recordBeside(op, flags, id, write, a, b, c, d, e, f);
    const start = this.pos;
    let result;
    this.writing = true;
    try {
      this.start(op, flags, id);
      result = write(this, a, b, c, d, e, f);
      this.buf.writeUInt32LE(this.pos - start, start);
      this.reserve(INDEX_SIZE);
    } catch (error) {
      this.pos = start;
      this.writing = false;
      throw error;
    }
    this.writing = false;
    this.starts[this.records++] = start;
    if (this.records === FLUSH_RECORDS || this.pos > FLUSH_SIZE) this.flush();
    else this.schedule();
    return result;
  }

  /**
   * A message may have a getter that makes a call, whose record cannot be in the
   * middle of the message's.
   *
   * @template T
   * @param {number} op
   * @param {number} flags
   * @param {number} id
   * @param {(outbox: Outbox, ...args: any[]) => T} write
   * @param {any[]} args
   * @returns {T}
   */
  recordBeside(op, flags, id, write, ...args) {
    if (this.beside === null) this.beside = new Outbox(this.send);
    const [a, b, c, d, e, f] = args;
    return this.beside.record(op, flags, id, write, a, b, c, d, e, f);
  }

  /**
   * @param {number} op
   * @param {number} flags
   * @param {number} id
   */
  start(op, flags, id) {
    this.reserve(64);
    const { buf, pos } = this;
    buf[pos + 4] = op;
    buf[pos + 5] = flags;
    buf[pos + 6] = 0;
    buf[pos + 7] = 0;
    buf.writeUInt32LE(id, pos + 8);
    this.pos = pos + HEADER;
  }

  /** @param {number} value */
  u32(value) {
    this.reserve(4);
    this.pos = this.buf.writeUInt32LE(value, this.pos);
  }

  /** @param {number} value */
  f64(value) {
    this.reserve(8);
    this.pos = this.buf.writeDoubleLE(value, this.pos);
  }

  /**
   * A short text behind its length.
   *
   * @param {string} text
   */
  text(text) {
    this.reserve(2 + text.length * 3);
    const { buf, pos } = this;
    const length = this.short(text, pos + 2) ? text.length : buf.utf8Write(text, pos + 2);
    if (length > LONGEST_TEXT) throw new RangeError(`a text of ${length} bytes is longer than the ${LONGEST_TEXT} that may be sent in its place`);
    this.pos = buf.writeUInt16LE(length, pos) + length;
  }

  /**
   * A text whose end is the record's.
   *
   * @param {string} text
   * @returns {number} its length in bytes
   */
  rest(text) {
    this.reserve(text.length * 3);
    const length = this.short(text, this.pos) ? text.length : this.buf.utf8Write(text, this.pos);
    this.pos += length;
    return length;
  }

  /**
   * Most texts are short and ASCII: those are written quicker here than by a call.
   *
   * @param {string} text
   * @param {number} at there is room
   * @returns {boolean} whether it was one
   */
  short(text, at) {
    if (text.length > SHORT) return false;
    const { buf } = this;
    for (let n = 0; n < text.length; n++) {
      const code = text.charCodeAt(n);
      if (code > 127) return false;
      buf[at + n] = code;
    }
    return true;
  }

  /**
   * As `rest`, for a text that is known to be ASCII.
   *
   * @param {string} text
   * @returns {number} its length in bytes
   */
  ascii(text) {
    this.reserve(text.length);
    this.buf.latin1Write(text, this.pos);
    this.pos += text.length;
    return text.length;
  }

  /** @param {Uint8Array | null} block */
  sizedBlock(block) {
    if (block === null) {
      this.u32(0);
      return;
    }
    this.u32(block.length);
    this.block(block);
  }

  /** @param {Uint8Array} block */
  block(block) {
    this.reserve(block.length);
    this.buf.set(block, this.pos);
    this.pos += block.length;
  }

  /**
   * A length-prefixed message. Throws what the encoder throws, and for what is none.
   *
   * @param {Codec} codec
   * @param {any} message
   * @returns {number} its length
   */
  frame(codec, message) {
    if (!isPlain(message)) assertMessage(codec, message);
    this.reserve(PREFIX);
    const prefix = this.pos;
    this.pos = prefix + PREFIX;
    codec.encode(message, this);
    const length = this.pos - prefix - PREFIX;
    this.buf[prefix] = 0;
    this.buf.writeUInt32BE(length, prefix + 1);
    return length;
  }
}

module.exports = { Outbox };
