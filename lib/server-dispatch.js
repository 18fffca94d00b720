'use strict';

// From an arriving call to its handler, and from what the handler returns,
// throws or rejects with to the answer.

const { status } = require('./errors');
const { WARN, log } = require('./log');
const { inPlace } = require('./seeing/in-context');
const { Arrival, answer } = require('./server-arrival');
const { ServerDuplexCall, ServerReadableCall, ServerUnaryCall, ServerWritableCall, unreadable } = require('./server-call');
const { exception, logFailure } = require('./server-failure');
const { plainStatus } = require('./server-status');
const { runStream } = require('./server-stream');

/** @typedef {import('./server').Server} Server */

/**
 * The body of an INCOMING record, behind the server's number.
 *
 * @param {Server} server
 * @param {number} id
 * @param {Buffer} buf
 * @param {number} flags
 * @param {number} start
 * @param {number} end
 */
function startCall(server, id, buf, flags, start, end) {
  const handler = server.byNumber.get(buf.readUInt32LE(start));
  const bridge = server.bridge;
  if (handler === undefined || bridge === null) return;
  const metadata = start + 20;
  const message = metadata + buf.readUInt32LE(start + 16);
  // The buffer is used again when this returns; metadata is read later, if ever.
  const block = message > metadata ? Buffer.from(buf.subarray(metadata, message)) : null;
  const left = buf.readDoubleLE(start + 8);
  const arrival = new Arrival(server, handler, id, buf.readUInt32LE(start + 4), left, block);
  let request;
  const { report } = arrival;
  if (flags & 1) {
    report.received(end - message);
    try {
      request = handler.method.request.decode(buf, message, end);
    } catch (error) {
      arrival.sendStatus(unreadable(error));
      return;
    }
  }
  const call = callOf(arrival, request);
  bridge.calls.set(id, inPlace(report.isTraced ? report : null, call));
  const run = handler.method.responseStream ? runStream : runUnary;
  if (report.isTraced) report.run(() => run(arrival, call));
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

module.exports = { startCall };
