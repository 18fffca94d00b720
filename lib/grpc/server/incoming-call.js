'use strict';

// A server call from the moment it arrives: the one answer that it gets, the way
// to its handler, and from what the handler returns, throws or rejects with to the
// answer. The classes of handler-calls.js are what handlers see of it.

const { AbortController } = require('../../common/compat/abort');
const { WARN, log } = require('../../common/log');
const { status } = require('../../common/status');
const { inContext } = require('../../crossing/async-context');
const commands = require('../../crossing/commands');
const { entriesOf } = require('../../crossing/metadata-block');
const { Closed } = require('../../crossing/records');
const { SERVER } = require('../../observability/call-kinds');
const { Metadata } = require('../metadata');
const { RpcError } = require('../rpc-error');
const { ServerDuplexCall, ServerReadableCall, ServerUnaryCall, ServerWritableCall, unreadable } = require('./handler-calls');
const { exception, given, logFailure } = require('./handler-failure');
const { plainStatus, sendableOf, statusOf, unserializable } = require('./handler-status');
const { runStream } = require('./handler-stream');

/** @typedef {import('./server').Server} Server */
/** @typedef {import('./server').Handler} Handler */
/** @typedef {import('./handler-status').WireStatus} WireStatus */

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
    /** Why it ended before its handler ended it. @type {import('../rpc-error').RpcError | null} */
    this.failure = null;
    this.recorder = SERVER.begin(server.callStats, handler.callStats, this);
  }

  get outbox() {
    return /** @type {import('../../crossing/bridge').Bridge} */ (this.server.bridge).outbox;
  }

  readMetadata() {
    if (this.metadata === null) this.metadata = this.block === null ? new Metadata() : Metadata.ofEntries(entriesOf(this.block));
    return this.metadata;
  }

  signal() {
    if (this.aborter === null) this.aborter = new AbortController();
    if (this.cancelled) this.aborter.abort();
    return this.aborter.signal;
  }

  /** @param {import('../metadata').MetadataLike} metadata */
  sendMetadata(metadata) {
    if (this.headersSent || this.answered) return;
    this.headersSent = true;
    commands.headers(this.outbox, this.id, sendableOf(metadata));
  }

  /** @param {WireStatus} ended */
  sendStatus(ended) {
    if (this.answered) return;
    this.answered = true;
    commands.status(this.outbox, this.id, ended.code, ended.details, ended.metadata);
    this.recorder.endWith(ended.code, ended.details);
  }

  /**
   * The client is gone: from here on nothing that is said reaches it.
   *
   * @param {number} reason
   */
  abandon(reason) {
    const failure = gone(reason);
    this.recorder.endWith(failure.code, failure.details);
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
    const length = commands.reply(arrival.outbox, arrival.id, sendableOf(trailers), arrival.handler.method.response, message);
    arrival.answered = true;
    arrival.recorder.sent(length);
    arrival.recorder.endWith(status.OK, '');
  } catch (failure) {
    logFailure(arrival, failure);
    arrival.sendStatus(unserializable(failure));
  }
}

/**
 * @param {Server} server
 * @param {number} id
 * @param {number} method
 * @param {number} connection
 * @param {number} left ms until the deadline
 * @param {Buffer | null} metadata its block
 * @param {import('../../crossing/message').Message | null} message null where requests are a stream
 */
function startCall(server, id, method, connection, left, metadata, message) {
  const handler = server.byNumber.get(method);
  const bridge = server.bridge;
  if (handler === undefined || bridge === null) return;
  const arrival = new Arrival(server, handler, id, connection, left, metadata);
  let request;
  const { recorder } = arrival;
  if (message !== null) {
    recorder.received(message.length);
    try {
      request = handler.method.request.decode(message.buf, message.start, message.end);
    } catch (error) {
      arrival.sendStatus(unreadable(error));
      return;
    }
  }
  const call = callOf(arrival, request);
  bridge.calls.set(id, inContext(recorder.isTraced ? recorder : null, call));
  const run = handler.method.responseStream ? runStream : runUnary;
  if (recorder.isTraced) recorder.run(() => run(arrival, call));
  else run(arrival, call);
}

/**
 * @param {Arrival} arrival
 * @param {any} request
 * @returns {any}
 */
function callOf(arrival, request) {
  const { requestStream, responseStream } = arrival.handler.method;
  if (requestStream) return responseStream ? new ServerDuplexCall(arrival) : new ServerReadableCall(arrival);
  return responseStream ? new ServerWritableCall(arrival, request) : new ServerUnaryCall(arrival, request);
}

/**
 * @param {Arrival} arrival
 * @param {any} call
 */
function runUnary(arrival, call) {
  const { handle } = arrival.handler;
  const forget = () => arrival.server.bridge?.calls.delete(arrival.id);
  /** @type {(error: any, reply?: any, trailers?: any) => void} */
  const callback = (error, reply, trailers) => {
    answer(arrival, error, reply, trailers);
    forget();
  };
  let returned;
  try {
    returned = handle(call, callback);
  } catch (error) {
    callback(exception(arrival, error, true));
    return;
  }
  // A handler that takes the callback may answer by it at any later time; what
  // it returns is an answer only if it is one.
  const answersByCallback = handle.length >= 2;
  if (typeof returned?.then === 'function') {
    returned.then(
      (/** @type {any} */ reply) => {
        if (reply !== undefined) callback(null, reply);
        else if (!answersByCallback) callback(noAnswer(arrival));
      },
      (/** @type {any} */ error) => callback(exception(arrival, error))
    );
  } else if (!answersByCallback) {
    if (returned !== undefined) callback(null, returned);
    else if (handle.length === 1) callback(noAnswer(arrival));
    else warnOnce(arrival);
  }
}

/** @type {WeakSet<Function>} handlers that have been warned of */
const warned = new WeakSet();

/**
 * No parameters may mean no callback, or one that is taken from `arguments`.
 *
 * @param {Arrival} arrival
 */
function warnOnce({ handler: { handle, method } }) {
  if (warned.has(handle)) return;
  warned.add(handle);
  log(WARN, `The handler of ${method.path} returned nothing and declares no callback: if it does not answer by one, its clients wait`);
}

/** @param {Arrival} arrival */
function noAnswer(arrival) {
  const text = `The handler of ${arrival.handler.method.path} returned nothing: it must return the reply or take a callback`;
  logFailure(arrival, text);
  return plainStatus(status.INTERNAL, text);
}

module.exports = { Arrival, startCall };
