'use strict';

// What handlers are given: the call. One class for each kind, over one arrival.

const { EventEmitter } = require('node:events');
const { Duplex, Readable, Writable } = require('node:stream');
const { setImmediate, nextTick } = require('../../common/clock');
const { withLastingError } = require('../../common/compat/streams');
const { Closed } = require('../../crossing/records');
const { status } = require('../../common/status');
const { RpcError } = require('../rpc-error');
const { withReading } = require('../streams/reading-side');
const { areTicksReal, inRealTicks, keepTicks } = require('../streams/real-ticks');
const { exception, given, logFailure } = require('./handler-failure');
const { plainStatus, statusOf, sendableOf, unserializable } = require('./handler-status');
const { Incoming, Outgoing } = require('../streams/message-streams');

/** Messages that wait in front of a client that does not read. More than this ends its call. */
const MAX_WAITING = 100_000;

/** @typedef {import('./incoming-call').Arrival} Arrival */
/** @typedef {import('./handler-status').WireStatus} WireStatus */

/** @type {PropertyDescriptorMap & ThisType<{ arrival: Arrival }>} */
const COMMON = {
  metadata: { get() { return this.arrival.readMetadata(); } },
  cancelled: { get() { return this.arrival.cancelled; } },
  signal: { get() { return this.arrival.signal(); } },
  getPeer: { value() { return this.arrival.peer; } },
  getDeadline: { value() { return this.arrival.deadline; } },
  getPath: { value() { return this.arrival.handler.method.path; } },
  sendMetadata: {
    /** @param {import('../metadata').MetadataLike} metadata */
    value(metadata) { this.arrival.sendMetadata(metadata); },
  },
};

/**
 * Gives a call class the members that all kinds have. They read the arrival.
 *
 * @param {{ prototype: any }} target
 */
function addCommonMembers(target) {
  Object.defineProperties(target.prototype, COMMON);
}

/** One request, one reply. */
class ServerUnaryCall extends EventEmitter {
  /**
   * @param {Arrival} arrival
   * @param {any} request
   */
  constructor(arrival, request) {
    super();
    this.arrival = arrival;
    this.request = request;
  }

  /** @param {number} reason */
  onClosed(reason) {
    if (reason === Closed.FINISHED) return;
    this.arrival.abandon(reason);
    this.emit('cancelled', 'cancelled');
  }
}
addCommonMembers(ServerUnaryCall);

/**
 * Gives a class of calls whose requests are a stream what all of them have in common.
 *
 * @param {new (...args: any[]) => any} base
 * @returns {new (arrival: Arrival) => any}
 */
function withRequests(base) {
  return class extends withReading(base) {
    /** @param {Arrival} arrival */
    constructor(arrival) {
      super({ objectMode: true });
      this.arrival = arrival;
      const { outbox, id, handler, recorder } = arrival;
      this.incoming = new Incoming(outbox, id, handler.method.request, recorder, (/** @type {any} */ message) => this.push(message));
    }

    /** Leaving a loop over the requests leaves the call as it is: it can still be answered. */
    [Symbol.asyncIterator]() {
      return this.iterator({ destroyOnReturn: false });
    }

    /** A call that its handler has answered is no surprise to it. */
    whyCut() {
      const { answered, failure } = this.arrival;
      return failure ?? (answered ? null : cancelledHere());
    }

    /** @param {import('../../crossing/message').Message} message */
    onMessage(message) {
      const { arrival, incoming } = this;
      const { length } = message;
      let value;
      try {
        value = incoming.decode(message);
      } catch (error) {
        // Neither the client nor the handler may take what came before for all there is.
        const failed = unreadable(error);
        arrival.failure = new RpcError(failed.code, failed.details);
        arrival.sendStatus(failed);
        this.cut(arrival.failure);
        return;
      }
      // Listeners run in this: what they throw is theirs.
      incoming.arrived(value, length);
    }

    onHalfClosed() {
      this.incoming.end();
    }

    /** The call is over, and there may be requests that have not been read. */
    endReading() {
      const { answered, failure } = this.arrival;
      if (this.readableEnded) return;
      // Below JS an answer is given to what is no message.
      if (failure !== null || !answered) this.cut(failure);
      else this.incoming.end();
    }
  };
}

/** A stream of requests, one reply. */
class ServerReadableCall extends withRequests(Readable) {
  /** @param {Arrival} arrival */
  constructor(arrival) {
    super(arrival);
    // As in grpc-js: an error that the handler emits is the call's status.
    this.on('error', (/** @type {any} */ error) => {
      if (!arrival.answered) arrival.sendStatus(statusOf(given(arrival, error)));
    });
  }

  /** @param {Error | null} error @param {(error: Error | null) => void} done */
  _destroy(error, done) {
    const { arrival } = this;
    if (error && !arrival.answered) arrival.sendStatus(statusOf(exception(arrival, error)));
    super._destroy(error, done);
  }

  /** @param {number} reason */
  onClosed(reason) {
    if (reason !== Closed.FINISHED) this.arrival.abandon(reason);
    this.endReading();
    try {
      if (reason !== Closed.FINISHED) this.emit('cancelled', 'cancelled');
    } finally {
      if (this.isCut) this.destroy();
      else this.resume();
    }
  }
}
addCommonMembers(ServerReadableCall);

/** What a handler is told that still reads, or writes, when it has destroyed its call. */
function cancelledHere() {
  return new RpcError(status.CANCELLED, 'Cancelled by the server');
}

/** @param {unknown} error */
function unreadable(error) {
  const text = error instanceof Error ? error.message : String(error);
  return plainStatus(status.INTERNAL, `Error deserializing request: ${text}`);
}

/** What the two kinds that answer with a stream have in common. */
class Answering {
  /** @param {any} stream */
  constructor(stream) {
    this.stream = stream;
    /** @type {WireStatus} what `end()` sends */
    this.status = plainStatus(status.OK, '');
    this.hasWritten = false;
    const { arrival } = stream;
    this.outgoing = new Outgoing(arrival.outbox, arrival.id, arrival.handler.method.response, arrival.recorder);
    // As in grpc-js: an error that the handler emits is the call's status.
    stream.on('error', (/** @type {any} */ error) => this.fail(statusOf(arrival.answered ? error : given(arrival, error))));
  }

  /** @param {WireStatus} failure */
  fail(failure) {
    this.stream.arrival.sendStatus(failure);
    this.outgoing.release();
    if (!this.stream.writableEnded && !this.stream.destroyed) this.stream.end();
  }

  /** Whether `write()` makes sense, and the bound on what waits. */
  accepts() {
    const { stream } = this;
    if (stream.writableEnded || stream.destroyed || stream.arrival.answered) return false;
    if (stream.writableLength < MAX_WAITING) return true;
    const text = `The client does not read: ${MAX_WAITING} messages wait for it`;
    this.fail(plainStatus(status.RESOURCE_EXHAUSTED, text));
    return false;
  }

  /** @param {any} message @param {() => void} done */
  write(message, done) {
    const { arrival } = this.stream;
    if (arrival.answered) return done();
    this.hasWritten = true;
    try {
      this.outgoing.write(arrival.server.messageOf(message), done);
    } catch (error) {
      logFailure(arrival, error);
      this.fail(unserializable(error));
      done();
    }
  }

  /** @param {() => void} done */
  finish(done) {
    this.stream.arrival.sendStatus(this.status);
    done();
  }

  /** @param {number} reason */
  closed(reason) {
    const { stream } = this;
    try {
      if (reason !== Closed.FINISHED) stream.emit('cancelled', 'cancelled');
    } finally {
      this.outgoing.release();
      // A handler that ends the call now sees 'finish' and 'close'; one that does
      // not sees 'close' all the same.
      setImmediate(() => {
        if (!stream.destroyed) stream.destroy();
      });
    }
  }
}

/**
 * Gives a class that has `answering` the writable side of a server call.
 *
 * @template {new (...args: any[]) => any} Base
 * @param {Base} base
 */
function withAnswer(base) {
  return class extends base {
    /** Whether its handler has neither written, nor ended it, nor listens to it. */
    get isUntouched() {
      const { arrival, writableLength, writableEnded } = this;
      const isSilent = !arrival.answered && !arrival.headersSent && writableLength === 0 && !writableEnded && !this.answering.hasWritten;
      return isSilent && arrival.aborter === null && this.eventNames().every((/** @type {any} */ name) => name === 'error');
    }

    /** @param {any} message @param {any} [encoding] of a text, which no message is @param {any} [done] */
    write(message, encoding, done) {
      if (this.answering.accepts()) return areTicksReal() ? super.write(message, encoding, done) : inRealTicks(super.write, this, message, encoding, done);
      const written = [encoding, done].find((arg) => typeof arg === 'function');
      if (written !== undefined) nextTick(written, this.arrival.failure ?? new RpcError(status.CANCELLED, 'The call is over'));
      return false;
    }

    /**
     * @param {any} [last] trailing metadata, as in grpc-js
     * @param {any[]} rest
     */
    end(last, ...rest) {
      if (last !== null && typeof last === 'object') {
        this.answering.status = { ...this.answering.status, metadata: sendableOf(last) };
        last = undefined;
      }
      if (this.writableEnded) return this;
      return super.end(last, ...rest);
    }

    /** @param {any} message @param {string} _encoding @param {() => void} done */
    _write(message, _encoding, done) {
      this.answering.write(message, done);
    }

    /** @param {() => void} done */
    _final(done) {
      this.answering.finish(done);
    }

    /** @param {Error | null} error @param {(error: Error | null) => void} done */
    _destroy(error, done) {
      const { arrival } = this;
      if (!arrival.answered) {
        arrival.failure = cancelledHere();
        arrival.sendStatus(error ? statusOf(exception(arrival, error)) : plainStatus(status.CANCELLED, arrival.failure.details));
      }
      super._destroy(error, done);
    }

    /** @param {number} bytes */
    onWritable(bytes) {
      this.answering.outgoing.onWritable(bytes);
    }

    /** @param {number} reason */
    onClosed(reason) {
      if (reason !== Closed.FINISHED) this.arrival.abandon(reason);
      this.endReading?.();
      this.answering.closed(reason);
    }
  };
}

/** One request, a stream of replies. */
class ServerWritableCall extends withAnswer(withLastingError(Writable)) {
  /**
   * @param {Arrival} arrival
   * @param {any} request
   */
  constructor(arrival, request) {
    super({ objectMode: true });
    this.arrival = arrival;
    this.request = request;
    this.answering = new Answering(this);
  }

  /** Why it ended before its handler ended it. */
  get cutOff() {
    return this.arrival.failure;
  }
}
addCommonMembers(ServerWritableCall);

/** A stream each way. */
class ServerDuplexCall extends withAnswer(withRequests(Duplex)) {
  /** @param {Arrival} arrival */
  constructor(arrival) {
    super(arrival);
    this.answering = new Answering(this);
  }
}
addCommonMembers(ServerDuplexCall);

for (const kind of [ServerReadableCall, ServerWritableCall, ServerDuplexCall]) keepTicks(kind);

module.exports = { ServerDuplexCall, ServerReadableCall, ServerUnaryCall, ServerWritableCall, unreadable };
