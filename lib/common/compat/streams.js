'use strict';

// What Node.js 18 knows of streams, for 14 and 16: there `finished()` of a stream
// that is closed already says that all was well, and `pipeline()` of one never
// calls back, however it has ended. Both listen to 'error' first, so a stream of
// ours tells whoever begins to listen after its end why it was cut off.

const { Readable } = require('node:stream');
const { nextTick } = require('../clock');

const isNative = 'errored' in Readable.prototype;

/**
 * Gives a class of streams, which knows why it was cut off as `cutOff`, what Node.js
 * lacks.
 *
 * @template {new (...args: any[]) => any} Base
 * @param {Base} base
 * @returns {Base}
 */
function withLastingError(base) {
  if (isNative) return base;
  return class extends base {
    /** @param {string | symbol} event @param {(...args: any[]) => void} listener */
    on(event, listener) {
      super.on(event, listener);
      if (event === 'error' && isOver(this)) nextTick(tell, this, listener);
      return this;
    }

    /** @param {string | symbol} event @param {(...args: any[]) => void} listener */
    addListener(event, listener) {
      return this.on(event, listener);
    }
  };
}

/**
 * Whether 'error' has been emitted, or is not going to be.
 *
 * @param {any} stream
 */
function isOver(stream) {
  if (!stream.destroyed) return false;
  const { errored, errorEmitted } = stream._writableState ?? stream._readableState;
  return errored == null || errorEmitted;
}

/**
 * @param {any} stream
 * @param {(error: Error) => void} listener
 */
function tell(stream, listener) {
  const error = stream.cutOff;
  if (error !== null && stream.rawListeners('error').includes(listener)) listener.call(stream, error);
}

module.exports = { withLastingError };
