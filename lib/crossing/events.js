'use strict';

// All that is heard from the network thread: one function for each event of docs/crossing.md,
// in the order and by the names of records.js. It reads the record, and tells whom it is for
// by plain arguments. src/crossing/events.rs writes what is read here.
//
// What is used again when they return is the buffer: what they hand on is read, or copied.

const { log: tell } = require('../common/log');
const { read, sizeOf } = require('./body');
const { Message } = require('./message');
const { entriesOf } = require('./metadata-block');
const { FLAG, TRACED } = require('./records');
const { Repeated } = require('./repeated');

/** @typedef {import('./body').Body} Body */
/** @typedef {import('./metadata-block').Entries} Entries */
/** @typedef {import('../codec-runtime').Codec} Codec */

/**
 * What receives the events of one call, which those are depends on its kind.
 *
 * @typedef {object} Receiver
 * @property {(message: Message, headers: Entries | null, trailers: Entries | null) => void} [onReply]
 * @property {(headers: Entries) => void} [onHeaders]
 * @property {(message: Message) => void} [onMessage]
 * @property {(code: number, details: string, headers: Entries | null, trailers: Entries) => void} [onStatus]
 * @property {(bytes: number) => void} [onWritable]
 * @property {() => void} [onHalfClosed]
 * @property {(reason: number) => void} [onClosed]
 */

/**
 * What receives the events of one server.
 *
 * @typedef {object} ServerReceiver
 * @property {(id: number, method: number, connection: number, left: number, metadata: Buffer | null, message: Message | null) => void} onIncoming
 *   left: ms until the deadline; metadata: its block
 * @property {(port: number, error: string, code: string) => void} onListening
 * @property {(cutOff: number) => void} onStopped
 * @property {(connection: number, peer: string) => void} onConnected
 * @property {(connection: number) => void} onDisconnected
 */

/**
 * What receives the events of one member of the bus. Bodies have not been looked at; `bytes` is how many a body has.
 *
 * @typedef {object} BusReceiver
 * @property {import('./callers').Callers} callers
 * @property {(call: number, kind: string, failed: boolean, body: Body, bytes: number) => void} onReply kind is '' for the last one
 * @property {(call: number, why: number, detail: string) => void} onFailed
 * @property {(peer: number, call: number, isCall: boolean, deadline: number, trace: string, caller: string, id: string, method: string, body: Body, bytes: number) => void} onRequest
 * @property {(subscriptions: number[], trace: string, routingKey: string, body: Body) => void} onMessage
 * @property {(request: number, declined: string | null) => void} onDone declined: why it will not be
 * @property {(state: number, why: string) => void} onState
 * @property {(request: number, json: string) => void} onStatus
 * @property {(peer: number, call: number | null) => void} onGivenUp null: all of that peer
 * @property {() => Promise<any>} nativeStatus
 */

/** There is one for all: one message is looked at after the other. */
const arrived = new Message();

/** @param {Receiver | undefined} call @param {number} flags @param {Buffer} buf @param {number} start @param {number} end */
function reply(call, flags, buf, start, end) {
  if (call?.onReply === undefined) return;
  if ((flags & FLAG) === 0) return call.onReply(arrived.place(buf, start, end), null, null);
  const trailers = endOfBlock(buf, start);
  const at = endOfBlock(buf, trailers);
  call.onReply(arrived.place(buf, at, end), entriesOf(buf, start + 4, trailers), entriesOf(buf, trailers + 4, at));
}

/** @param {Receiver | undefined} call @param {Buffer} buf @param {number} start @param {number} end */
function headers(call, buf, start, end) {
  call?.onHeaders?.(entriesOf(buf, start, end));
}

/** @param {Receiver | undefined} call @param {Buffer} buf @param {number} start @param {number} end */
function message(call, buf, start, end) {
  call?.onMessage?.(arrived.place(buf, start, end));
}

/** @param {Receiver | undefined} call @param {number} flags @param {Buffer} buf @param {number} start @param {number} end */
function status(call, flags, buf, start, end) {
  if (call?.onStatus === undefined) return;
  const first = endOfBlock(buf, start + 8);
  const trailers = flags & FLAG ? endOfBlock(buf, first) : first;
  const initial = flags & FLAG ? entriesOf(buf, first + 4, trailers) : null;
  call.onStatus(buf.readDoubleLE(start), buf.utf8Slice(start + 12, first), initial, entriesOf(buf, trailers, end));
}

/** @param {Receiver | undefined} call @param {Buffer} buf @param {number} start */
function writable(call, buf, start) {
  call?.onWritable?.(buf.readUInt32LE(start));
}

/** @param {Map<number, ServerReceiver>} servers @param {number} id @param {number} flags @param {Buffer} buf @param {number} start @param {number} end */
function incoming(servers, id, flags, buf, start, end) {
  const server = servers.get(buf.readUInt32LE(start));
  if (server === undefined) return;
  const metadata = start + 24;
  const at = metadata + buf.readUInt32LE(start + 20);
  // It is read later, if ever.
  const block = at > metadata ? Buffer.from(buf.subarray(metadata, at)) : null;
  const request = flags & FLAG ? arrived.place(buf, at, end) : null;
  server.onIncoming(id, buf.readUInt32LE(start + 4), buf.readUInt32LE(start + 8), buf.readDoubleLE(start + 12), block, request);
}

/** @param {Receiver | undefined} call */
function halfClosed(call) {
  call?.onHalfClosed?.();
}

/** @param {Receiver | undefined} call @param {Buffer} buf @param {number} start */
function closed(call, buf, start) {
  call?.onClosed?.(buf.readUInt32LE(start));
}

/** @param {ServerReceiver | undefined} server @param {Buffer} buf @param {number} start @param {number} end */
function listening(server, buf, start, end) {
  const code = endOfBlock(buf, start + 4);
  server?.onListening(buf.readUInt32LE(start), buf.utf8Slice(start + 8, code), buf.latin1Slice(code, end));
}

/** @param {ServerReceiver | undefined} server @param {Buffer} buf @param {number} start */
function stopped(server, buf, start) {
  server?.onStopped(buf.readUInt32LE(start));
}

/** @param {Buffer} buf @param {number} start @param {number} end */
function log(buf, start, end) {
  tell(buf.readUInt32LE(start), buf.utf8Slice(start + 4, end));
}

/**
 * @param {Map<number, ServerReceiver>} servers
 * @param {Map<number, number>} connections the server of each, by their numbers
 * @param {number} id @param {Buffer} buf @param {number} start @param {number} end
 */
function connected(servers, connections, id, buf, start, end) {
  const server = buf.readUInt32LE(start);
  connections.set(id, server);
  servers.get(server)?.onConnected(id, buf.latin1Slice(start + 4, end));
}

/** @param {Map<number, ServerReceiver>} servers @param {Map<number, number>} connections @param {number} id */
function disconnected(servers, connections, id) {
  const server = connections.get(id);
  connections.delete(id);
  if (server !== undefined) servers.get(server)?.onDisconnected(id);
}

// Those of the bus. `outside` is the body's parts if it is not in the record.

const casters = new Repeated();
const ids = new Repeated();
const methods = new Repeated();
const keys = new Repeated();

/** @param {BusReceiver} bus @param {number} flags @param {Buffer} buf @param {number} start @param {number} end @param {string[] | null} outside */
function busReply(bus, flags, buf, start, end, outside) {
  const body = endOfText(buf, start + 4);
  const kind = body === start + 6 ? '' : buf.utf8Slice(start + 6, body);
  bus.onReply(buf.readUInt32LE(start), kind, (flags & FLAG) !== 0, read(buf, body, end, outside), sizeOf(buf, body, end, outside));
}

/** @param {BusReceiver} bus @param {Buffer} buf @param {number} start @param {number} end */
function busFailed(bus, buf, start, end) {
  bus.onFailed(buf.readUInt32LE(start), buf.readUInt32LE(start + 4), buf.utf8Slice(start + 8, end));
}

/** @param {BusReceiver} bus @param {number} flags @param {Buffer} buf @param {number} start @param {number} end @param {string[] | null} outside */
function busRequest(bus, flags, buf, start, end, outside) {
  const trace = start + 16;
  const caller = flags & TRACED ? endOfText(buf, trace) : trace;
  const id = endOfText(buf, caller);
  const method = endOfText(buf, id);
  const body = endOfText(buf, method);
  const peer = buf.readUInt32LE(start);
  const isCall = (flags & FLAG) !== 0;
  bus.onRequest(
    peer,
    buf.readUInt32LE(start + 4),
    isCall,
    buf.readDoubleLE(start + 8),
    flags & TRACED ? buf.latin1Slice(trace + 2, caller) : '',
    // The record of a cast has no number of its peer.
    isCall ? bus.callers.read(peer, buf, caller + 2, id) : casters.read(buf, caller + 2, id),
    ids.read(buf, id + 2, method),
    methods.read(buf, method + 2, body),
    read(buf, body, end, outside),
    sizeOf(buf, body, end, outside)
  );
}

/** @param {BusReceiver} bus @param {number} flags @param {Buffer} buf @param {number} start @param {number} end @param {string[] | null} outside */
function busMessage(bus, flags, buf, start, end, outside) {
  const count = buf.readUInt32LE(start);
  const trace = start + 4 + count * 4;
  const key = flags & TRACED ? endOfText(buf, trace) : trace;
  const body = endOfText(buf, key);
  bus.onMessage(
    Array.from({ length: count }, (_, n) => buf.readUInt32LE(start + 4 + n * 4)),
    flags & TRACED ? buf.latin1Slice(trace + 2, key) : '',
    keys.read(buf, key + 2, body),
    read(buf, body, end, outside)
  );
}

/** @param {BusReceiver} bus @param {number} flags @param {Buffer} buf @param {number} start @param {number} end */
function busDone(bus, flags, buf, start, end) {
  bus.onDone(buf.readUInt32LE(start), flags & FLAG ? buf.utf8Slice(start + 4, end) : null);
}

/** @param {BusReceiver} bus @param {Buffer} buf @param {number} start @param {number} end */
function busState(bus, buf, start, end) {
  bus.onState(buf.readUInt32LE(start), buf.utf8Slice(start + 4, end));
}

/** @param {BusReceiver} bus @param {Buffer} buf @param {number} start @param {number} end */
function busStatus(bus, buf, start, end) {
  bus.onStatus(buf.readUInt32LE(start), buf.utf8Slice(start + 4, end));
}

/** @param {BusReceiver} bus @param {number} flags @param {Buffer} buf @param {number} start */
function busGivenUp(bus, flags, buf, start) {
  bus.onGivenUp(buf.readUInt32LE(start), flags & FLAG ? null : buf.readUInt32LE(start + 4));
}

/** @param {Buffer} buf @param {number} at of a block behind its length */
const endOfBlock = (buf, at) => at + 4 + buf.readUInt32LE(at);

/** @param {Buffer} buf @param {number} at of a text behind its length */
const endOfText = (buf, at) => at + 2 + buf.readUInt16LE(at);

module.exports = {
  reply, headers, message, status, writable, incoming, halfClosed, closed, listening, stopped, log, connected, disconnected,
  busReply, busFailed, busRequest, busMessage, busDone, busState, busStatus, busGivenUp,
};
