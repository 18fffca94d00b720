'use strict';

// Client calls with a stream on one side or both. Event order is grpc-js's:
// 'metadata', 'data' ..., then on failure 'error', 'status', 'end', 'close', and
// without one 'status', 'end', 'close'.

const { Duplex, Readable, Writable } = require('node:stream');
const { Metadata } = require('./metadata');
const { callOf, onAbort } = require('./call-options');
const { errorOf, parseFailure, readStatus, sendFailure, statusObject } = require('./endings');
const { status } = require('./errors');
const { inPlace } = require('./seeing/in-context');
const { CLIENT } = require('./seeing/roles');
const { capture } = require('./seeing/tracing');
const { Incoming, Outgoing } = require('./stream-halves');

/** @typedef {import('./client').Method} Method */
/** @typedef {import('./client').Connection} Connection */
/** @typedef {import('./endings').StatusObject} StatusObject */

/**
 * What the three kinds have in common: the life of the call behind a stream.
 */
class StreamCore {
  /**
   * @param {Readable | Writable} stream
   * @param {Connection} connection
   * @param {Method} method
   */
  constructor(stream, connection, method) {
    this.stream = stream;
    this.connection = connection;
    this.method = method;
    this.id = 0;
    /** @type {Outgoing | null} */
    this.outgoing = null;
    /** @type {Incoming | null} */
    this.incoming = null;
    /** @type {any} the reply of a client stream */
    this.reply = undefined;
    /** @type {StatusObject | null} */
    this.status = null;
    /** @type {(ended: StatusObject) => void} what the stream does at the end */
    this.whenEnded = () => {};
    /** @type {(() => void) | null} */
    this.stopListening = null;
    this.report = CLIENT.begin(connection.tally, method.tally, this);
  }

  /**
   * @param {any} request the one request, or undefined where requests are a stream
   * @param {import('./call-options').CallOptions} options
   */
  start(request, options) {
    const { bridge } = this.connection;
    const { method } = this;
    try {
      const call = callOf(this.connection, method, options, false, this.report.trace);
      this.id = bridge.begin(inPlace(capture(), this));
      const length = bridge.outbox.call(this.id, call, method.requestStream ? null : method.request, request);
      if (!method.requestStream) this.report.sent(length);
    } catch (error) {
      bridge.finish(this.id);
      this.id = 0;
      return this.failLater(sendFailure(error));
    }
    this.connection.streams.add(this);
    if (options.signal) this.stopListening = onAbort(options.signal, () => this.cancel());
  }

  /** Gives up: the call ends with CANCELLED. */
  cancel() {
    if (this.id !== 0 && this.status === null) this.connection.bridge.outbox.cancel(this.id);
  }

  /** Gives up without a word: nobody reads the stream any more. */
  abandon() {
    if (this.status !== null) return;
    this.status = statusObject(status.CANCELLED, 'Cancelled on client');
    this.report.endWith(this.status.code, this.status.details);
    this.leave();
    const { bridge } = this.connection;
    if (this.id !== 0 && bridge.finish(this.id)) bridge.outbox.cancel(this.id);
  }

  leave() {
    this.stopListening?.();
    this.connection.streams.delete(this);
    this.outgoing?.release();
  }

  /** @param {StatusObject} ended */
  failLater(ended) {
    process.nextTick(() => this.end(ended));
  }

  /** @param {StatusObject} ended */
  end(ended) {
    if (this.status !== null) return;
    this.status = ended;
    // A client stream whose reply is missing has failed, whatever its status says.
    const isWithoutReply = ended.code === status.OK && this.incoming === null && this.reply === undefined;
    this.report.endWith(isWithoutReply ? status.UNIMPLEMENTED : ended.code, ended.details);
    this.leave();
    this.whenEnded(ended);
  }

  /** @param {unknown} error of the decoder */
  failToParse(error) {
    const { bridge } = this.connection;
    if (bridge.finish(this.id)) bridge.outbox.cancel(this.id);
    this.end(parseFailure(error));
  }

  /** Tells the end: behind all messages, before 'end'. */
  tell() {
    const ended = this.status ?? statusObject(status.CANCELLED, 'Cancelled on client');
    if (ended.code !== status.OK) this.stream.emit('error', errorOf(ended));
    this.stream.emit('status', ended);
  }

  // Events of the bridge.

  /** @param {Buffer} buf @param {number} start @param {number} end */
  onHeaders(buf, start, end) {
    this.stream.emit('metadata', Metadata.fromBlock(buf, start, end));
  }

  /** @param {Buffer} buf @param {number} start @param {number} end */
  onMessage(buf, start, end) {
    try {
      if (this.incoming !== null) this.incoming.onMessage(buf, start, end);
      else {
        this.report.received(end - start);
        this.reply = this.method.response.decode(buf, start, end);
      }
    } catch (error) {
      this.failToParse(error);
    }
  }

  /** @param {number} bytes */
  onWritable(bytes) {
    this.outgoing?.onWritable(bytes);
  }

  /** @param {Buffer} buf @param {number} flags @param {number} start @param {number} end */
  onStatus(buf, flags, start, end) {
    const { headers: _, ...ended } = readStatus(buf, flags, start, end);
    this.end(ended);
  }
}

/**
 * Gives a readable side its end: told at once if nothing is left to read,
 * otherwise when the last message has been read.
 *
 * @param {Readable & { core: StreamCore, told: boolean }} stream
 */
function endReading(stream) {
  const { incoming } = stream.core;
  if (stream.destroyed || incoming === null) return;
  if (incoming.isEmpty && stream.readableLength === 0 && !stream.told) {
    stream.told = true;
    stream.core.tell();
  }
  incoming.end();
}

/**
 * Gives a class that has a `core` the reading side of a client call.
 *
 * @template {new (...args: any[]) => any} Base
 * @param {Base} base
 */
function withReplies(base) {
  return class extends base {
    /** Gives up; the stream fails with CANCELLED. */
    cancel() {
      this.core.cancel();
    }

    getPeer() {
      return this.core.connection.target;
    }

    _read() {
      this.core.incoming?.read();
    }

    /** @param {Error | null} error @param {(error: Error | null) => void} done */
    _destroy(error, done) {
      this.core.abandon();
      done(error);
    }

    /** @param {string | symbol} event @param {...any} args */
    emit(event, ...args) {
      if (event === 'end' && !this.told) {
        this.told = true;
        this.core.tell();
      }
      return super.emit(event, ...args);
    }
  };
}

/** One request, a stream of replies. */
class ServerStreamCall extends withReplies(Readable) {
  /**
   * @param {Connection} connection
   * @param {Method} method
   */
  constructor(connection, method) {
    super({ objectMode: true });
    this.told = false;
    this.core = new StreamCore(this, connection, method);
    this.core.whenEnded = () => endReading(this);
  }

  /** @param {any} request @param {import('./call-options').CallOptions} options */
  start(request, options) {
    this.core.start(request, options);
    const { bridge } = this.core.connection;
    const { id, method, report } = this.core;
    this.core.incoming = new Incoming(bridge.outbox, id, method.response, report, (m) => this.push(m));
  }
}

/**
 * Encodes and sends one message of a writable side.
 *
 * @param {StreamCore} core
 * @param {any} message
 * @param {() => void} done
 */
function writeMessage(core, message, done) {
  if (core.status !== null || core.outgoing === null) return done();
  try {
    core.outgoing.write(message, done);
  } catch (error) {
    const { bridge } = core.connection;
    if (bridge.finish(core.id)) bridge.outbox.cancel(core.id);
    core.end(sendFailure(error));
    done();
  }
}

/**
 * @param {StreamCore} core
 * @param {() => void} done
 */
function finishWriting(core, done) {
  if (core.status === null && core.id !== 0) core.connection.bridge.outbox.halfClose(core.id);
  done();
}

/** A stream of requests, one reply, which goes to `settle`. */
class ClientStreamCall extends Writable {
  /**
   * @param {Connection} connection
   * @param {Method} method
   * @param {(error: Error | null, reply?: any) => void} settle called once
   */
  constructor(connection, method, settle) {
    super({ objectMode: true });
    this.core = new StreamCore(this, connection, method);
    this.core.whenEnded = (ended) => {
      if (ended.code !== status.OK) settle(errorOf(ended));
      else if (this.core.reply === undefined) settle(errorOf(statusObject(status.UNIMPLEMENTED, 'No message received')));
      else settle(null, this.core.reply);
      this.emit('status', ended);
      this.destroy();
    };
  }

  /** @param {import('./call-options').CallOptions} options */
  start(options) {
    this.core.start(undefined, options);
    const { connection, id, method, report } = this.core;
    this.core.outgoing = new Outgoing(connection.bridge.outbox, id, method.request, report);
  }

  cancel() {
    this.core.cancel();
  }

  getPeer() {
    return this.core.connection.target;
  }

  /** @param {any} message @param {string} _encoding @param {() => void} done */
  _write(message, _encoding, done) {
    writeMessage(this.core, message, done);
  }

  /** @param {() => void} done */
  _final(done) {
    finishWriting(this.core, done);
  }

  /** @param {Error | null} error @param {(error: Error | null) => void} done */
  _destroy(error, done) {
    if (this.core.status === null) this.core.cancel();
    done(error);
  }
}

/** A stream each way. */
class BidiStreamCall extends withReplies(Duplex) {
  /**
   * @param {Connection} connection
   * @param {Method} method
   */
  constructor(connection, method) {
    super({ objectMode: true });
    this.told = false;
    this.core = new StreamCore(this, connection, method);
    this.core.whenEnded = () => {
      endReading(this);
      // A server may end first; what is written after that goes nowhere.
      if (!this.writableEnded && !this.destroyed) this.end();
    };
  }

  /** @param {import('./call-options').CallOptions} options */
  start(options) {
    const { core } = this;
    core.start(undefined, options);
    const { outbox } = core.connection.bridge;
    core.outgoing = new Outgoing(outbox, core.id, core.method.request, core.report);
    core.incoming = new Incoming(outbox, core.id, core.method.response, core.report, (m) => this.push(m));
  }

  /** @param {any} message @param {string} _encoding @param {() => void} done */
  _write(message, _encoding, done) {
    writeMessage(this.core, message, done);
  }

  /** @param {() => void} done */
  _final(done) {
    finishWriting(this.core, done);
  }
}

module.exports = { ServerStreamCall, ClientStreamCall, BidiStreamCall };
