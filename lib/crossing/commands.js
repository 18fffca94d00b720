'use strict';

// All that is told to the network thread: one function for each command of docs/crossing.md,
// in the order and by the names of records.js. src/crossing/commands.rs reads what is written here.
//
// Each throws what writing its record throws, and nothing of it is sent then: an encoder's
// error, or that a number or text has no room in its place. What writes a record's body is
// no closure: one would be made for each command.

const { write } = require('./body');
const { CallFlag, Command, FLAG, NO_TIMEOUT, TRACED } = require('./records');

/** @typedef {import('./outbox').Outbox} Outbox */
/** @typedef {import('./body').Body} Body */
/** @typedef {import('../codec-runtime').Codec} Codec */

/**
 * A call. With a message, that is the only one.
 *
 * @param {Outbox} outbox
 * @param {number} id
 * @param {{ channel: number, method: number, timeout: number | null, metadata: Uint8Array | null, waitForReady: boolean, unary: boolean }} how
 * @param {Codec | null} codec
 * @param {any} request
 * @returns {number} the message's length, 0 without one
 */
function call(outbox, id, how, codec, request) {
  let flags = codec === null ? 0 : CallFlag.HAS_MESSAGE | CallFlag.COMPLETE;
  if (how.waitForReady) flags |= CallFlag.WAIT_FOR_READY;
  if (how.unary) flags |= CallFlag.UNARY;
  return outbox.record(Command.CALL, flags, id, writeCall, how, codec, request);
}

/**
 * @param {Outbox} outbox
 * @param {{ channel: number, method: number, timeout: number | null, metadata: Uint8Array | null }} how
 * @param {Codec | null} codec
 * @param {any} request
 */
function writeCall(outbox, how, codec, request) {
  outbox.u32(how.channel);
  outbox.u32(how.method);
  outbox.u32(how.timeout ?? NO_TIMEOUT);
  outbox.sizedBlock(how.metadata);
  return codec === null ? 0 : outbox.frame(codec, request);
}

/**
 * A message of a stream.
 *
 * @param {Outbox} outbox
 * @param {number} id
 * @param {Codec} codec
 * @param {any} value
 * @returns {number} its length
 */
function message(outbox, id, codec, value) {
  return outbox.record(Command.MESSAGE, 0, id, writeFrame, codec, value);
}

/** @param {Outbox} outbox @param {Codec} codec @param {any} value */
const writeFrame = (outbox, codec, value) => outbox.frame(codec, value);

/** @param {Outbox} outbox @param {number} id of a client's call whose messages have all been sent */
function end(outbox, id) {
  outbox.record(Command.END, 0, id, writeNothing);
}

/** @param {Outbox} outbox @param {number} id */
function cancel(outbox, id) {
  outbox.record(Command.CANCEL, 0, id, writeNothing);
}

/** @param {Outbox} outbox @param {number} id @param {number} bytes of messages that have been read */
function credit(outbox, id, bytes) {
  outbox.record(Command.CREDIT, 0, id, writeNumber, bytes);
}

/**
 * The one reply of a call.
 *
 * @param {Outbox} outbox
 * @param {number} id
 * @param {Uint8Array | null} trailers
 * @param {Codec} codec
 * @param {any} value
 * @returns {number} its length
 */
function reply(outbox, id, trailers, codec, value) {
  return outbox.record(Command.REPLY, 0, id, writeReply, trailers, codec, value);
}

/** @param {Outbox} outbox @param {Uint8Array | null} trailers @param {Codec} codec @param {any} value */
function writeReply(outbox, trailers, codec, value) {
  outbox.sizedBlock(trailers);
  return outbox.frame(codec, value);
}

/** @param {Outbox} outbox @param {number} id @param {Uint8Array | null} metadata */
function headers(outbox, id, metadata) {
  outbox.record(Command.HEADERS, 0, id, writeBlock, metadata);
}

/** @param {Outbox} outbox @param {number} id @param {number} code @param {string} details @param {Uint8Array | null} trailers */
function status(outbox, id, code, details, trailers) {
  outbox.record(Command.STATUS, 0, id, writeStatus, code, details, trailers);
}

/** @param {Outbox} outbox @param {number} code @param {string} details @param {Uint8Array | null} trailers */
function writeStatus(outbox, code, details, trailers) {
  outbox.f64(code);
  outbox.sizedBlock(Buffer.from(details));
  writeBlock(outbox, trailers);
}

// Those of the bus: `bus` is the member's number, and a trace is empty where there is none.

/**
 * @param {Outbox} outbox
 * @param {number} bus
 * @param {number} number of the call
 * @param {number} timeout ms
 * @param {string} trace
 * @param {string} to
 * @param {string} method
 * @param {Body} body
 * @param {boolean} many replies of other kinds are wanted, too
 * @returns {number} bytes of the body
 */
function busCall(outbox, bus, number, timeout, trace, to, method, body, many) {
  const flags = (many ? FLAG : 0) | (trace === '' ? 0 : TRACED);
  return outbox.record(Command.BUS_CALL, flags, bus, writeBusCall, number, timeout, trace, to, method, body);
}

/** @param {Outbox} outbox @param {number} number @param {number} timeout @param {string} trace @param {string} to @param {string} method @param {Body} body */
function writeBusCall(outbox, number, timeout, trace, to, method, body) {
  outbox.u32(number);
  outbox.u32(timeout);
  return writeTraced(outbox, trace, to, method, body);
}

/** @param {Outbox} outbox @param {number} bus @param {number} number of the call */
function busCancel(outbox, bus, number) {
  outbox.record(Command.BUS_CANCEL, 0, bus, writeNumber, number);
}

/** @param {Outbox} outbox @param {number} bus @param {string} trace @param {string} to @param {string} method @param {Body} body */
function busCast(outbox, bus, trace, to, method, body) {
  outbox.record(Command.BUS_CAST, trace === '' ? 0 : TRACED, bus, writeTraced, trace, to, method, body);
}

/** @param {Outbox} outbox @param {number} bus @param {string} trace @param {string} exchange @param {string} key @param {Body} body */
function busPublish(outbox, bus, trace, exchange, key, body) {
  outbox.record(Command.BUS_PUBLISH, trace === '' ? 0 : TRACED, bus, writeTraced, trace, exchange, key, body);
}

/** @param {Outbox} outbox @param {string} trace @param {string} first @param {string} second @param {Body} body */
function writeTraced(outbox, trace, first, second, body) {
  if (trace !== '') outbox.text(trace);
  outbox.text(first);
  outbox.text(second);
  return write(outbox, body);
}

/**
 * @param {Outbox} outbox
 * @param {number} bus
 * @param {number} peer that called
 * @param {number} number it gave its call
 * @param {string} kind '' for the last reply
 * @param {Body} body
 * @param {boolean} failed
 * @returns {number} bytes of the body
 */
function busReply(outbox, bus, peer, number, kind, body, failed) {
  return outbox.record(Command.BUS_REPLY, failed ? FLAG : 0, bus, writeBusReply, peer, number, kind, body);
}

/** @param {Outbox} outbox @param {number} peer @param {number} number @param {string} kind @param {Body} body */
function writeBusReply(outbox, peer, number, kind, body) {
  outbox.u32(peer);
  outbox.u32(number);
  outbox.text(kind);
  return write(outbox, body);
}

/** @param {Outbox} outbox @param {number} bus @param {number} request @param {string} id @param {boolean} stop */
function busServe(outbox, bus, request, id, stop) {
  outbox.record(Command.BUS_SERVE, stop ? FLAG : 0, bus, writeServe, request, id);
}

/** @param {Outbox} outbox @param {number} request @param {string} id */
function writeServe(outbox, request, id) {
  outbox.u32(request);
  outbox.text(id);
}

/** @param {Outbox} outbox @param {number} bus @param {number} request @param {number} subscription @param {string} exchange @param {string[]} patterns @param {boolean} stop */
function busSubscribe(outbox, bus, request, subscription, exchange, patterns, stop) {
  outbox.record(Command.BUS_SUBSCRIBE, stop ? FLAG : 0, bus, writeSubscribe, request, subscription, exchange, patterns);
}

/** @param {Outbox} outbox @param {number} request @param {number} subscription @param {string} exchange @param {string[]} patterns */
function writeSubscribe(outbox, request, subscription, exchange, patterns) {
  outbox.u32(request);
  outbox.u32(subscription);
  outbox.text(exchange);
  for (const pattern of patterns) outbox.text(pattern);
}

/** @param {Outbox} outbox @param {number} bus @param {number} request */
function busStatus(outbox, bus, request) {
  outbox.record(Command.BUS_STATUS, 0, bus, writeNumber, request);
}

/** @param {Outbox} outbox @param {number} bus */
function busLeave(outbox, bus) {
  outbox.record(Command.BUS_LEAVE, 0, bus, writeNothing);
}

/** @param {Outbox} outbox @param {Uint8Array | null} block */
function writeBlock(outbox, block) {
  if (block !== null) outbox.block(block);
}

/** @param {Outbox} outbox @param {number} value */
const writeNumber = (outbox, value) => outbox.u32(value);

const writeNothing = () => {};

module.exports = {
  call, message, end, cancel, credit, reply, headers, status,
  busCall, busCancel, busCast, busPublish, busReply, busServe, busSubscribe, busStatus, busLeave,
};
