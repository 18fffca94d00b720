'use strict';

// The order in which a client call's stream tells its end, which is grpc-js's: on
// failure 'error', 'status', 'end', 'close', and without one 'status', 'end', 'close'.

/**
 * Gives a stream that has a `core` that order.
 *
 * @template {new (...args: any[]) => any} Base
 * @param {Base} base
 */
function withEventOrder(base) {
  return class extends base {
    /** What the stream fails with behind its last message. @type {Error | null} */
    failure = null;
    /** 'status' has been emitted. */
    isTold = false;

    tell() {
      if (this.isTold) return;
      this.isTold = true;
      super.emit('status', this.core.status);
    }

    /** @param {string | symbol} event @param {...any} args */
    emit(event, ...args) {
      if (event === 'end') return this.emitEnd();
      if (event === 'error' && args[0] === this.failure && !this.isTold) return this.emitFailure();
      return super.emit(event, ...args);
    }

    /** The last message has been read. */
    emitEnd() {
      if (this.failure !== null) {
        this.destroy(this.failure);
        return false;
      }
      this.tell();
      this.core.over();
      return super.emit('end');
    }

    emitFailure() {
      try {
        return super.emit('error', this.failure);
      } finally {
        this.tell();
        super.emit('end');
      }
    }
  };
}

module.exports = { withEventOrder };
