'use strict';

// `for await` over the streams of calls. It is the same on every version of
// Node.js, where the iterators of Node's own streams are not: before 18 they end
// quietly when a stream was cut off, and before 16.3 leaving one destroys its
// stream. A pending `next()` is settled when the loop is left, too.

/** What our streams emit when they are cut off: what has not been read is dropped. */
const CUT_OFF = Symbol('cut off');

/**
 * A stream of a call, seen by who reads it: `cutOff` is why it ended before its end,
 * null if it did not.
 *
 * @typedef {import('node:stream').Readable & { isCut: boolean, cutOff: Error | null }} MessageStream
 */

/** @typedef {{ resolve: (result: IteratorResult<any>) => void, reject: (error: Error) => void }} Taker */

/** @implements {AsyncIterableIterator<any>} */
class MessageIterator {
  /**
   * @param {MessageStream} stream
   * @param {boolean} destroys whether leaving the loop destroys the stream
   */
  constructor(stream, destroys) {
    this.stream = stream;
    this.destroys = destroys;
    /** @type {Taker[]} calls of `next` that wait */
    this.takers = [];
    this.isListening = false;
    this.isOver = false;
    this.serve = this.serve.bind(this);
    // An error is thrown in the loop: it is no reason to end the process.
    this.onError = () => {};
  }

  /** @returns {Promise<IteratorResult<any>>} */
  next() {
    if (this.isOver) return Promise.resolve({ value: undefined, done: true });
    if (!this.isListening) this.listen();
    if (this.takers.length === 0) {
      const message = this.stream.read();
      if (message !== null) return Promise.resolve({ value: message, done: false });
    }
    return new Promise((resolve, reject) => {
      this.takers.push({ resolve, reject });
      this.serve();
    });
  }

  /** Gives what there is to those who wait. */
  serve() {
    const { stream, takers } = this;
    while (takers.length > 0) {
      const message = stream.read();
      if (message !== null) {
        /** @type {Taker} */ (takers.shift()).resolve({ value: message, done: false });
        continue;
      }
      if (!stream.isCut && !stream.readableEnded && !stream.destroyed) return;
      const error = stream.cutOff;
      if (error !== null) /** @type {Taker} */ (takers.shift()).reject(error);
      this.end();
    }
  }

  /**
   * The loop is left.
   *
   * @param {any} [value]
   * @returns {Promise<IteratorResult<any>>}
   */
  return(value) {
    if (!this.isOver) {
      this.end();
      if (this.destroys) this.stream.destroy();
    }
    return Promise.resolve({ value, done: true });
  }

  listen() {
    const { serve, stream } = this;
    this.isListening = true;
    // Loops over one that has long ended add no listeners.
    if (stream.destroyed && stream.listenerCount('error') > 0) return;
    stream.on('error', this.onError);
    if (stream.destroyed) return;
    stream.on('readable', serve).on('end', serve).on(CUT_OFF, serve);
  }

  /** Nothing comes any more. */
  end() {
    const { serve, stream } = this;
    this.isOver = true;
    for (const { resolve } of this.takers.splice(0)) resolve({ value: undefined, done: true });
    stream.off('readable', serve).off('end', serve).off(CUT_OFF, serve);
    // The 'error' of one that is destroyed may be still to come.
    if (!stream.destroyed) stream.off('error', this.onError);
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

module.exports = { CUT_OFF, MessageIterator };
