'use strict';

/** Longer texts are not compared. */
const SHORT = 64;

/**
 * A text that is most often the one before: comparing is quicker than making it.
 */
class Repeated {
  constructor() {
    this.last = '';
  }

  /**
   * @param {Buffer} buf
   * @param {number} start
   * @param {number} end
   */
  read(buf, start, end) {
    const { last } = this;
    if (end - start === last.length && last.length <= SHORT) {
      let n = 0;
      // Bytes of what is not ASCII equal no character of it.
      while (n < last.length && last.charCodeAt(n) === buf[start + n] && buf[start + n] < 128) n++;
      if (n === last.length) return last;
    }
    return (this.last = buf.utf8Slice(start, end));
  }
}

module.exports = { Repeated };
