'use strict';

// The life of a call behind a client's stream: how it begins, what arrives, and
// the ways it ends. What the server ended it with is told behind its messages;
// what this side ended it with (a cancel, its signal, its deadline) at once.

const { callOf } = require('./call-options');
const { clearTimeout, nextTick, now, setTimeout } = require('../../common/clock');
const { errorOf, parseFailure, sendFailure, statusObject } = require('./call-status');
const { status } = require('../../common/status');
const { Metadata } = require('../metadata');
const { inContext } = require('../../crossing/async-context');
const commands = require('../../crossing/commands');
const { CLIENT } = require('../../observability/call-kinds');
const { capture, within } = require('../../observability/tracing');
const { onAbort } = require('../../common/signal');

/** @typedef {import('./client').Method} Method */
/** @typedef {import('./client').Connection} Connection */
/** @typedef {import('./call-status').StatusObject} StatusObject */
/** @typedef {import('../../crossing/metadata-block').Entries} Entries */
/** @typedef {import('../streams/message-streams').Incoming} Incoming */
/** @typedef {import('../streams/message-streams').Outgoing} Outgoing */

class StreamCore {
  /**
   * @param {any} stream
   * @param {Connection} connection
   * @param {Method} method
   * @param {{ stack?: string }} site where the call was made
   */
  constructor(stream, connection, method, site) {
    this.stream = stream;
    this.connection = connection;
    this.method = method;
    this.site = site;
    this.id = 0;
    /** @type {Outgoing | null} */
    this.outgoing = null;
    /** @type {Incoming | null} */
    this.incoming = null;
    /** @type {any} the reply of a client stream */
    this.reply = undefined;
    /** What the call ended with. @type {StatusObject | null} */
    this.status = null;
    /** All that is to be told of the end has been told. */
    this.isOver = false;
    /** What the stream does when the call has ended: with all that came before, or at once. @type {(ended: StatusObject, isAtOnce: boolean) => void} */
    this.whenEnded = () => {};
    /** @type {(() => void) | null} */
    this.stopListening = null;
    /** When the deadline is, by now(). */
    this.expires = Infinity;
    /** The deadline of messages that wait to be read. @type {NodeJS.Timeout | null} */
    this.timer = null;
    /** @type {import('node:async_hooks').AsyncResource | null} where its events are to be heard */
    this.scope = null;
    this.recorder = CLIENT.begin(connection.callStats, method.callStats, this);
  }

  /**
   * @param {any} request the one request, or undefined where requests are a stream
   * @param {import('./call-options').CallOptions} options
   */
  start(request, options) {
    const { bridge } = this.connection;
    const { method } = this;
    this.scope = capture();
    try {
      // All that is wrong is found before anything is sent.
      const call = callOf(this.connection, method, options, false, this.recorder.trace);
      if (call.timeout !== null) this.expires = now() + call.timeout;
      if (options.signal) this.stopListening = onAbort(options.signal, () => this.cancel());
      this.id = bridge.begin(inContext(this.scope, this));
      const length = commands.call(bridge.outbox, this.id, call, method.requestStream ? null : method.request, request);
      if (!method.requestStream) this.recorder.sent(length);
    } catch (error) {
      bridge.finish(this.id);
      this.id = 0;
      const failure = sendFailure(error);
      if (failure.code === status.INVALID_ARGUMENT) this.refuse(failure);
      return this.failLater(failure);
    }
    // A request whose getter fired the signal has given its call up before it was sent.
    if (this.isOver) commands.cancel(bridge.outbox, this.id);
    else this.connection.streams.add(this);
  }

  /**
   * What it was asked for cannot be done by any call: no stream comes of it, so
   * that nobody has to listen to one for that.
   *
   * @param {StatusObject} failure
   */
  refuse(failure) {
    this.settle(failure);
    this.over();
    throw this.errorOf(failure);
  }

  /** Gives up: the call ends with CANCELLED, and nothing more is handed out. */
  cancel() {
    this.giveUp(statusObject(status.CANCELLED, 'Cancelled on client'));
  }

  /**
   * This side ends it, also when the server has ended it and not all is read.
   *
   * @param {StatusObject} ended
   */
  giveUp(ended) {
    if (this.isOver) return;
    this.hangUp();
    this.settle(ended);
    this.over();
    within(this.scope, () => this.whenEnded(ended, true));
  }

  /** Gives up without a word: the stream was destroyed. */
  abandon() {
    if (this.isOver) return;
    this.hangUp();
    if (this.status === null) this.settle(statusObject(status.CANCELLED, 'Cancelled on client'));
    this.over();
  }

  /** Tells the server that nobody listens any more, unless it has ended the call. */
  hangUp() {
    const { bridge } = this.connection;
    if (this.id !== 0 && bridge.finish(this.id)) commands.cancel(bridge.outbox, this.id);
  }

  /**
   * The call has ended: it is counted, and no writer waits any more.
   *
   * @param {StatusObject} ended
   */
  settle(ended) {
    this.status = ended;
    // A client stream whose reply is missing has failed, whatever its status says.
    const isWithoutReply = ended.code === status.OK && this.incoming === null && this.reply === undefined;
    this.recorder.endWith(isWithoutReply ? status.UNIMPLEMENTED : ended.code, ended.details);
    this.connection.streams.delete(this);
  }

  /** @param {StatusObject} ended */
  errorOf(ended) {
    return errorOf(ended, this.site);
  }

  /** Nobody waits for anything any more. */
  over() {
    this.isOver = true;
    this.stopListening?.();
    if (this.timer !== null) clearTimeout(this.timer);
    this.outgoing?.release();
  }

  /** @param {StatusObject} ended */
  failLater(ended) {
    nextTick(() => this.end(ended));
  }

  /**
   * The call has ended, by its server or below JS.
   *
   * @param {StatusObject} ended
   */
  end(ended) {
    if (this.status !== null) return;
    if (ended.code === status.DEADLINE_EXCEEDED && now() >= this.expires) {
      this.giveUp(ended);
      return;
    }
    this.settle(ended);
    this.outgoing?.release();
    this.whenEnded(ended, false);
    // What is left to be read is read until the deadline, as from a server that still sends.
    if (!this.isOver && this.expires !== Infinity) this.timer = this.untilDeadline();
  }

  untilDeadline() {
    const text = `Deadline exceeded while messages of ${this.method.path} waited to be read`;
    const giveUp = () => this.giveUp(statusObject(status.DEADLINE_EXCEEDED, text));
    return setTimeout(giveUp, Math.max(this.expires - now(), 0)).unref();
  }

  /** @param {unknown} error of the decoder */
  failToParse(error) {
    this.hangUp();
    this.end(parseFailure(error));
  }

  /** Why the stream was cut off, if it was destroyed without an error. */
  whyCut() {
    const { code, details, metadata } = this.status ?? statusObject(status.CANCELLED, 'Cancelled on client');
    if (code !== status.OK) return this.errorOf({ code, details, metadata });
    return this.errorOf(statusObject(status.CANCELLED, 'Cancelled on client'));
  }

  // Events of the bridge.

  /** @param {Entries} headers */
  onHeaders(headers) {
    this.stream.emit('metadata', Metadata.ofEntries(headers));
  }

  /** @param {import('../../crossing/message').Message} message */
  onMessage(message) {
    const { incoming } = this;
    const { length } = message;
    let value;
    try {
      if (incoming !== null) value = incoming.decode(message);
      else {
        this.recorder.received(length);
        this.reply = this.method.response.decode(message.buf, message.start, message.end);
      }
    } catch (error) {
      this.failToParse(error);
      return;
    }
    // Listeners run in this: what they throw is theirs.
    incoming?.arrived(value, length);
  }

  /** @param {number} bytes */
  onWritable(bytes) {
    this.outgoing?.onWritable(bytes);
  }

  /** @param {number} code @param {string} details @param {Entries | null} _headers @param {Entries} trailers */
  onStatus(code, details, _headers, trailers) {
    this.end({ code, details, metadata: Metadata.ofEntries(trailers) });
  }
}

module.exports = { StreamCore };
