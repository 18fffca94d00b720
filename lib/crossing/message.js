'use strict';

/**
 * A message that has come, where it stands in the buffer. That is used again, and so is this:
 * whoever is given it decodes it before returning.
 */
class Message {
  constructor() {
    /** @type {Buffer} */
    this.buf = Buffer.alloc(0);
    this.start = 0;
    this.end = 0;
  }

  /**
   * @param {Buffer} buf
   * @param {number} start
   * @param {number} end
   */
  place(buf, start, end) {
    this.buf = buf;
    this.start = start;
    this.end = end;
    return this;
  }

  /** In bytes. */
  get length() {
    return this.end - this.start;
  }

  /**
   * Throws what the decoder throws.
   *
   * @param {import('../codec-runtime').Codec} codec
   * @returns {any}
   */
  decode(codec) {
    return codec.decode(this.buf, this.start, this.end);
  }
}

module.exports = { Message };
