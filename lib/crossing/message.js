'use strict';

/**
 * A message that has come, where it stands in the buffer. That is used again, and so is this:
 * whoever is given it decodes it before returning. It does not decode itself: one place that
 * calls the decoders of all methods is one that the engine does not compile for any.
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
}

module.exports = { Message };
