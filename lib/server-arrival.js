'use strict';

// A server call as it has arrived, and the one answer that it gets. The classes
// of server-call.js are what handlers see of it.

const { AbortController } = require('./compat/abort');
const { Closed } = require('./crossing/records');
const { RpcError, status } = require('./errors');
const { Metadata } = require('./metadata');
const { SERVER } = require('./seeing/roles');
const { given, logFailure } = require('./server-failure');
const { statusOf, sendableOf, unserializable } = require('./server-status');

/** @typedef {import('./server').Server} Server */
/** @typedef {import('./server').Handler} Handler */
/** @typedef {import('./server-status').WireStatus} WireStatus */

/** What is known of a call when it arrives. */
class Arrival {
  /**
   * @param {Server} server
   * @param {Handler} handler
   * @param {number} id
   * @param {number} connection
   * @param {number} left ms until the deadline
   * @param {Buffer | null} metadata its block, read when asked for
   */
  constructor(server, handler, id, connection, left, metadata) {
    this.server = server;
    this.handler = handler;
    this.id = id;
    this.peer = server.peers.get(connection) ?? 'unknown';
    this.deadline = left === Infinity ? Infinity : Date.now() + left;
    this.block = metadata;
    /** @type {Metadata | null} */
    this.metadata = null;
    /** @type {InstanceType<typeof AbortController> | null} */
    this.aborter = null;
    this.cancelled = false;
    this.headersSent = false;
    /** The status, or the reply, has been given. */
    this.answered = false;
    /** The log has been told of its failure. */
    this.isLogged = false;
    /** Why it ended before its handler ended it. @type {import('./errors').RpcError | null} */
    this.failure = null;
    this.report = SERVER.begin(server.tally, handler.tally, this);
  }

  get outbox() {
    return /** @type {import('./crossing/bridge').Bridge} */ (this.server.bridge).outbox;
  }

  readMetadata() {
    if (this.metadata === null) this.metadata = this.block === null ? new Metadata() : Metadata.fromBlock(this.block);
    return this.metadata;
  }

  signal() {
    if (this.aborter === null) this.aborter = new AbortController();
    if (this.cancelled) this.aborter.abort();
    return this.aborter.signal;
  }

  /** @param {import('./metadata').MetadataLike} metadata */
  sendMetadata(metadata) {
    if (this.headersSent || this.answered) return;
    this.headersSent = true;
    this.outbox.headers(this.id, sendableOf(metadata));
  }

  /** @param {WireStatus} ended */
  sendStatus(ended) {
    if (this.answered) return;
    this.answered = true;
    this.outbox.status(this.id, ended);
    this.report.endWith(ended.code, ended.details);
  }

  /**
   * The client is gone: from here on nothing that is said reaches it.
   *
   * @param {number} reason
   */
  abandon(reason) {
    const failure = gone(reason);
    this.report.endWith(failure.code, failure.details);
    if (this.failure === null) this.failure = failure;
    this.answered = true;
    this.cancelled = true;
    this.aborter?.abort();
  }
}

/** @param {number} reason */
function gone(reason) {
  if (reason === Closed.DEADLINE_EXCEEDED) return new RpcError(status.DEADLINE_EXCEEDED, 'Deadline exceeded');
  return new RpcError(status.CANCELLED, reason === Closed.CONNECTION_LOST ? 'The connection was lost' : 'Cancelled by the client');
}

/**
 * The answer of a unary or client-stream call. The first one counts.
 *
 * @param {Arrival} arrival
 * @param {any} error
 * @param {any} reply
 * @param {any} [trailers]
 */
function answer(arrival, error, reply, trailers) {
  if (arrival.answered) return;
  if (error) {
    arrival.sendStatus(statusOf(given(arrival, error), trailers));
    return;
  }
  try {
    const message = arrival.server.messageOf(reply);
    const length = arrival.outbox.reply(arrival.id, sendableOf(trailers), arrival.handler.method.response, message);
    arrival.answered = true;
    arrival.report.sent(length);
    arrival.report.endWith(status.OK, '');
  } catch (failure) {
    logFailure(arrival, failure);
    arrival.sendStatus(unserializable(failure));
  }
}

module.exports = { Arrival, answer };
