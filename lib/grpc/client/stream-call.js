'use strict';

// Client calls with a stream on one side or both.

const { Duplex, Readable, Writable } = require('node:stream');
const { nextTick } = require('../../common/clock');
const { withLastingError } = require('../../common/compat/streams');
const { sendFailure, statusObject } = require('./call-status');
const commands = require('../../crossing/commands');
const { status } = require('../../common/status');
const { RpcError } = require('../rpc-error');
const { withReading } = require('../streams/reading-side');
const { areTicksReal, inRealTicks, keepTicks } = require('../streams/real-ticks');
const { withEventOrder } = require('./event-order');
const { StreamCore } = require('./stream-core');
const { Incoming, Outgoing } = require('../streams/message-streams');

/** @typedef {import('./client').Method} Method */
/** @typedef {import('./client').Connection} Connection */
/** @typedef {import('./call-status').StatusObject} StatusObject */

/**
 * Gives a class that has a `core` the reading side of a client call.
 *
 * @template {new (...args: any[]) => any} Base
 * @param {Base} base
 */
function withReplies(base) {
  const Ordered = /** @type {new (...args: any[]) => any} */ (withEventOrder(withReading(base)));
  return class extends Ordered {
    /** Gives up; the stream fails with CANCELLED. */
    cancel() {
      this.core.cancel();
    }

    getPeer() {
      return this.core.connection.target;
    }

    get incoming() {
      return this.core.incoming;
    }

    whyCut() {
      return this.failure ?? this.core.whyCut();
    }

    /** @param {Error | null} error @param {(error: Error | null) => void} done */
    _destroy(error, done) {
      this.core.abandon();
      super._destroy(error, done);
    }

    /**
     * The call has ended: what is left to be read comes first, unless it was this
     * side that ended it.
     *
     * @param {StatusObject} ended
     * @param {boolean} isAtOnce
     */
    onEnded(ended, isAtOnce) {
      if (this.destroyed) return;
      const { incoming } = this.core;
      const isRead = incoming === null || (incoming.isEmpty && this.readableLength === 0);
      if (ended.code !== status.OK) {
        this.failure = this.core.errorOf(ended);
        if (isAtOnce || isRead) this.destroy(this.failure);
        else incoming.end();
        return;
      }
      if (isRead) {
        this.tell();
        this.core.over();
      }
      incoming?.end();
    }
  };
}

/** One request, a stream of replies. */
class ServerStreamCall extends withReplies(Readable) {
  /**
   * @param {Connection} connection
   * @param {Method} method
   * @param {{ stack?: string }} site
   */
  constructor(connection, method, site) {
    super({ objectMode: true });
    this.core = new StreamCore(this, connection, method, site);
    this.core.whenEnded = (ended, isAtOnce) => this.onEnded(ended, isAtOnce);
  }

  /** @param {any} request @param {import('./call-options').CallOptions} options */
  start(request, options) {
    this.core.start(request, options);
    const { bridge } = this.core.connection;
    const { id, method, recorder } = this.core;
    this.core.incoming = new Incoming(bridge.outbox, id, method.response, recorder, (m) => this.push(m));
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
    core.hangUp();
    core.end(sendFailure(error));
    done();
  }
}

/**
 * @param {StreamCore} core
 * @param {() => void} done
 */
function finishWriting(core, done) {
  if (core.status === null && core.id !== 0) commands.end(core.connection.bridge.outbox, core.id);
  done();
}

/** @param {unknown} value */
const isFunction = (value) => typeof value === 'function';

/** What a message is that comes after the end of its call. */
function tooLate() {
  return new RpcError(status.CANCELLED, 'The server has ended the call');
}

/** A stream of requests, one reply, which goes to `settle`. */
class ClientStreamCall extends withLastingError(Writable) {
  /**
   * @param {Connection} connection
   * @param {Method} method
   * @param {{ stack?: string }} site
   * @param {(error: Error | null, reply?: any) => void} settle called once
   */
  constructor(connection, method, site, settle) {
    // Its requests end before its call does.
    super({ objectMode: true, autoDestroy: false });
    this.core = new StreamCore(this, connection, method, site);
    /** @type {Error | null} */
    this.cutOff = null;
    this.core.whenEnded = (ended, isAtOnce) => {
      this.core.over();
      if (isAtOnce) nextTick(() => this.settle(ended, settle));
      else this.settle(ended, settle);
    };
  }

  /**
   * @param {StatusObject} ended
   * @param {(error: Error | null, reply?: any) => void} settle
   */
  settle(ended, settle) {
    const { reply } = this.core;
    const isMissing = ended.code === status.OK && reply === undefined;
    if (ended.code !== status.OK) this.cutOff = this.core.errorOf(ended);
    else if (isMissing) this.cutOff = this.core.errorOf(statusObject(status.UNIMPLEMENTED, 'No message received'));
    const error = this.cutOff;
    // Whoever still writes is told so.
    if (error === null && !this.writableFinished) this.cutOff = tooLate();
    try {
      if (error !== null) settle(error);
      else settle(null, reply);
    } finally {
      this.emit('status', ended);
      this.destroy();
    }
  }

  /** @param {import('./call-options').CallOptions} options */
  start(options) {
    this.core.start(undefined, options);
    const { connection, id, method, recorder } = this.core;
    this.core.outgoing = new Outgoing(connection.bridge.outbox, id, method.request, recorder);
  }

  cancel() {
    this.core.cancel();
  }

  getPeer() {
    return this.core.connection.target;
  }

  /** @param {any} message @param {any} [encoding] of a text, which no message is @param {any} [done] */
  write(message, encoding, done) {
    return areTicksReal() ? super.write(message, encoding, done) : inRealTicks(super.write, this, message, encoding, done);
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
    this.core.cancel();
    done(error);
  }
}

/** A stream each way. */
class BidiStreamCall extends withReplies(Duplex) {
  /**
   * @param {Connection} connection
   * @param {Method} method
   * @param {{ stack?: string }} site
   */
  constructor(connection, method, site) {
    super({ objectMode: true });
    this.core = new StreamCore(this, connection, method, site);
    this.core.whenEnded = (ended, isAtOnce) => {
      this.onEnded(ended, isAtOnce);
      // A server may end first; what is written after that goes nowhere.
      if (!this.writableEnded && !this.destroyed) this.end();
    };
  }

  /** @param {import('./call-options').CallOptions} options */
  start(options) {
    const { core } = this;
    core.start(undefined, options);
    const { outbox } = core.connection.bridge;
    core.outgoing = new Outgoing(outbox, core.id, core.method.request, core.recorder);
    core.incoming = new Incoming(outbox, core.id, core.method.response, core.recorder, (m) => this.push(m));
  }

  /**
   * @param {any} message
   * @param {any} [encoding] of a text, which no message is
   * @param {any} [done]
   */
  write(message, encoding, done) {
    if (this.core.status === null) return areTicksReal() ? super.write(message, encoding, done) : inRealTicks(super.write, this, message, encoding, done);
    this.refuse([encoding, done]);
    return false;
  }

  /** @param {any[]} args */
  end(...args) {
    if (this.core.status === null) return super.end(...args);
    if (!this.writableEnded) return super.end(args.find(isFunction));
    this.refuse(args);
    return this;
  }

  /**
   * The call is over: what is written goes nowhere.
   *
   * @param {any[]} args of which one may be a callback
   */
  refuse(args) {
    const written = args.find(isFunction);
    if (written !== undefined) nextTick(written, this.failure ?? tooLate());
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

for (const kind of [ServerStreamCall, ClientStreamCall, BidiStreamCall]) keepTicks(kind);

module.exports = { ServerStreamCall, ClientStreamCall, BidiStreamCall };
