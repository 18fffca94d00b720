'use strict';

// A client call with one request and one reply.

const { EventEmitter } = require('node:events');
const { Metadata } = require('../metadata');
const { callOf } = require('./call-options');
const { nextTick } = require('../../common/clock');
const { errorOf, metadataOf, parseFailure, sendFailure } = require('./call-status');
const { status } = require('../../common/status');
const { inContext } = require('../../crossing/async-context');
const commands = require('../../crossing/commands');
const { CLIENT } = require('../../observability/call-kinds');
const { onAbort } = require('../../common/signal');

/** @typedef {import('./client').Method} Method */
/** @typedef {import('./client').Connection} Connection */
/** @typedef {import('./call-status').StatusObject} StatusObject */
/** @typedef {import('../../crossing/metadata-block').Entries} Entries */
/** @typedef {import('../../crossing/message').Message} Message */

/**
 * Emits 'metadata' (initial metadata) if there is any and 'status' at the end,
 * for those who listen; the result goes to `settle`.
 */
class UnaryCall extends EventEmitter {
  /**
   * @param {Connection} connection
   * @param {Method} method
   * @param {(error: Error | null, reply?: any) => void} settle called once
   * @param {import('node:async_hooks').AsyncResource | null} scope where it is to be called
   * @param {{ stack?: string } | null} site where the call was made, for who does not await it
   */
  constructor(connection, method, settle, scope, site) {
    super();
    this.connection = connection;
    this.method = method;
    this.settle = settle;
    this.scope = scope;
    this.site = site;
    this.recorder = CLIENT.begin(connection.callStats, method.callStats, this);
    /** 0 while nothing is under way. */
    this.id = 0;
    /** @type {(() => void) | null} */
    this.stopListening = null;
  }

  /**
   * @param {any} request
   * @param {import('./call-options').CallOptions} options
   */
  start(request, options) {
    const { bridge } = this.connection;
    try {
      // All that is wrong is found before anything is sent.
      const call = callOf(this.connection, this.method, options, true, this.recorder.trace);
      if (options.signal) this.stopListening = onAbort(options.signal, () => this.cancel());
      this.id = bridge.begin(inContext(this.scope, this));
      this.recorder.sent(commands.call(bridge.outbox, this.id, call, this.method.request, request));
    } catch (error) {
      bridge.finish(this.id);
      return this.failLater(sendFailure(error));
    }
    // A request whose getter fired the signal has given its call up before it was sent.
    if (options.signal?.aborted) this.cancel();
  }

  /** Gives up; the call fails with CANCELLED. */
  cancel() {
    if (this.id !== 0) commands.cancel(this.connection.bridge.outbox, this.id);
  }

  /** @returns {string} whom the call is for */
  getPeer() {
    return this.connection.target;
  }

  /** @param {Message} message @param {Entries | null} headers @param {Entries | null} trailers */
  onReply(message, headers, trailers) {
    this.recorder.received(message.length);
    let reply;
    try {
      reply = this.method.response.decode(message.buf, message.start, message.end);
    } catch (error) {
      this.finish(parseFailure(error), metadataOf(headers), undefined);
      return;
    }
    if (this.stopListening === null && this.listenerCount('status') === 0 && headers === null) {
      this.recorder.endWith(status.OK, '');
      this.settle(null, reply);
      return;
    }
    this.finish({ code: status.OK, details: '', metadata: metadataOf(trailers) ?? new Metadata() }, metadataOf(headers), reply);
  }

  /** @param {number} code @param {string} details @param {Entries | null} headers @param {Entries} trailers */
  onStatus(code, details, headers, trailers) {
    this.finish({ code, details, metadata: Metadata.ofEntries(trailers) }, metadataOf(headers), undefined);
  }

  /** @param {StatusObject} ended */
  failLater(ended) {
    // A call that cannot start still holds the process until it has said so.
    nextTick(() => this.finish(ended, null, undefined));
  }

  /**
   * @param {StatusObject} ended
   * @param {Metadata | null} headers
   * @param {any} reply
   */
  finish(ended, headers, reply) {
    this.stopListening?.();
    this.recorder.endWith(ended.code, ended.details);
    if (headers !== null) this.emit('metadata', headers);
    if (ended.code === status.OK) this.settle(null, reply);
    else this.settle(errorOf(ended, this.site));
    this.emit('status', ended);
  }
}

module.exports = { UnaryCall };
