'use strict';

// What all our streams have in common that are read: nothing is handed out after
// they were cut off, and whoever reads is told so, now or later.

const { withLastingError } = require('../../common/compat/streams');
const { CUT_OFF, MessageIterator } = require('./message-iterator');
const { areTicksReal, inRealTicks } = require('./real-ticks');

/**
 * Gives a class of streams its reading side. The class has `incoming`, once it has
 * begun, and `whyCut()`, for an end that came without an error: null if it is none
 * to whoever reads.
 *
 * @template {new (...args: any[]) => any} Base
 * @param {Base} base
 */
function withReading(base) {
  return class extends withLastingError(base) {
    /** Ended before its end. */
    isCut = false;
    /** @type {Error | null} */
    cutBy = null;

    _read() {
      this.incoming?.read();
    }

    /**
     * Node's own streams hand out what they hold after they were destroyed.
     *
     * @param {number} [size]
     */
    read(size) {
      if (this.isCut) return null;
      return areTicksReal() ? super.read(size) : inRealTicks(super.read, this, size);
    }

    /** Why the stream ended before its end; null if it did not. */
    get cutOff() {
      if (this.isCut && this.cutBy === null) this.cutBy = this.whyCut();
      return this.cutBy;
    }

    /**
     * Nothing more is read: what waits is dropped.
     *
     * @param {Error | null} [error]
     */
    cut(error = null) {
      if (this.isCut) return;
      this.isCut = true;
      this.cutBy = error;
      this.incoming?.drop();
      this.emit(CUT_OFF);
    }

    /** @param {Error | null} error @param {(error: Error | null) => void} done */
    _destroy(error, done) {
      if (error !== null || !this.readableEnded) this.cut(error);
      done(error);
    }

    /** @param {{ destroyOnReturn?: boolean }} [options] as Node's own has it from 16.3 on */
    iterator({ destroyOnReturn = true } = {}) {
      return new MessageIterator(/** @type {any} */ (this), destroyOnReturn);
    }

    [Symbol.asyncIterator]() {
      return this.iterator();
    }
  };
}

module.exports = { withReading };
