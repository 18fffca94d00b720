'use strict';

// What handlers are given: the call. One class for each kind, over one arrival.

const { EventEmitter } = require('node:events');
const { Duplex, Readable, Writable } = require('node:stream');
const { Closed } = require('./crossing/records');
const { status } = require('./errors');
const { plainStatus, statusOf, trailersOf, unserializable } = require('./server-status');
const { Incoming, Outgoing } = require('./stream-halves');

/** Messages that wait in front of a client that does not read. More than this ends its call. */
const MAX_WAITING = 100_000;

/** @typedef {import('./server-arrival').Arrival} Arrival */
/** @typedef {import('./server-status').WireStatus} WireStatus */

/** @type {PropertyDescriptorMap & ThisType<{ arrival: Arrival }>} */
const COMMON = {
  metadata: { get() { return this.arrival.readMetadata(); } },
  cancelled: { get() { return this.arrival.cancelled; } },
  signal: { get() { return this.arrival.signal(); } },
  getPeer: { value() { return this.arrival.peer; } },
  getDeadline: { value() { return this.arrival.deadline; } },
  getPath: { value() { return this.arrival.handler.method.path; } },
  sendMetadata: {
    /** @param {import('./metadata').MetadataLike} metadata */
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

/** A stream of requests, one reply. */
class ServerReadableCall extends Readable {
  /** @param {Arrival} arrival */
  constructor(arrival) {
    super({ objectMode: true });
    this.arrival = arrival;
    const { outbox, id, handler, report } = arrival;
    this.incoming = new Incoming(outbox, id, handler.method.request, report, (m) => this.push(m));
  }

  _read() {
    this.incoming.read();
  }

  /** @param {Buffer} buf @param {number} start @param {number} end */
  onMessage(buf, start, end) {
    receive(this, buf, start, end);
  }

  onHalfClosed() {
    this.incoming.end();
  }

  /** @param {number} reason */
  onClosed(reason) {
    if (reason !== Closed.FINISHED) {
      this.arrival.abandon(reason);
      this.emit('cancelled', 'cancelled');
    }
    this.incoming.end();
    this.resume();
  }
}
addCommonMembers(ServerReadableCall);

/**
 * A request that cannot be read ends the call.
 *
 * @param {{ arrival: Arrival, incoming: Incoming }} call
 * @param {Buffer} buf
 * @param {number} start
 * @param {number} end
 */
function receive(call, buf, start, end) {
  try {
    call.incoming.onMessage(buf, start, end);
  } catch (error) {
    call.arrival.sendStatus(unreadable(error));
  }
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
    const { arrival } = stream;
    this.outgoing = new Outgoing(arrival.outbox, arrival.id, arrival.handler.method.response, arrival.report);
    // As in grpc-js: an error that the handler emits is the call's status.
    stream.on('error', (/** @type {any} */ error) => this.fail(statusOf(error)));
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
    if (this.stream.arrival.answered) return done();
    try {
      this.outgoing.write(message, done);
    } catch (error) {
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
    if (reason !== Closed.FINISHED) {
      stream.arrival.abandon(reason);
      stream.emit('cancelled', 'cancelled');
    }
    this.outgoing.release();
    // A handler that ends the call now sees 'finish' and 'close'; one that does
    // not sees 'close' all the same.
    setImmediate(() => {
      if (!stream.destroyed) stream.destroy();
    });
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
    /** @param {any} message @param {any[]} rest */
    write(message, ...rest) {
      if (!this.answering.accepts()) return false;
      return super.write(message, ...rest);
    }

    /**
     * @param {any} [last] trailing metadata, as in grpc-js
     * @param {any[]} rest
     */
    end(last, ...rest) {
      if (last !== null && typeof last === 'object') {
        this.answering.status = { ...this.answering.status, metadata: trailersOf(last) };
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
      if (!this.arrival.answered) {
        this.arrival.sendStatus(error ? statusOf(error) : plainStatus(status.CANCELLED, 'Cancelled by the server'));
      }
      done(error);
    }

    /** @param {number} bytes */
    onWritable(bytes) {
      this.answering.outgoing.onWritable(bytes);
    }

    /** @param {number} reason */
    onClosed(reason) {
      this.answering.closed(reason);
    }
  };
}

/** One request, a stream of replies. */
class ServerWritableCall extends withAnswer(Writable) {
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
}
addCommonMembers(ServerWritableCall);

/** A stream each way. */
class ServerDuplexCall extends withAnswer(Duplex) {
  /** @param {Arrival} arrival */
  constructor(arrival) {
    super({ objectMode: true });
    this.arrival = arrival;
    this.answering = new Answering(this);
    this.incoming = new Incoming(
      arrival.outbox,
      arrival.id,
      arrival.handler.method.request,
      arrival.report,
      (/** @type {any} */ message) => this.push(message)
    );
  }

  _read() {
    this.incoming.read();
  }

  /** Reading to the end, or no further, leaves the answering side open. */
  [Symbol.asyncIterator]() {
    return this.iterator({ destroyOnReturn: false });
  }

  /** @param {Buffer} buf @param {number} start @param {number} end */
  onMessage(buf, start, end) {
    receive(this, buf, start, end);
  }

  onHalfClosed() {
    this.incoming.end();
  }

  /** @param {number} reason */
  onClosed(reason) {
    this.incoming.end();
    super.onClosed(reason);
  }
}
addCommonMembers(ServerDuplexCall);

module.exports = { ServerDuplexCall, ServerReadableCall, ServerUnaryCall, ServerWritableCall, unreadable };
