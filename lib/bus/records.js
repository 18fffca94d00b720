'use strict';

// Reads the records of the bus that carry what other members send: see
// docs/crossing.md. `buf` may be used again by what a handler does, so all is
// read before any is called.

const { read, sizeOf } = require('./body');
const { Repeated } = require('./repeated');

/** Of a request that wants a reply, and of what failed. */
const FLAG = 1;
/** Of requests and messages: a trace comes first of all texts. */
const TRACED = 2;

const ids = new Repeated();
const methods = new Repeated();
const keys = new Repeated();

/**
 * @param {Buffer} buf
 * @param {number} at of a text
 */
const endOfText = (buf, at) => at + 2 + buf.readUInt16LE(at);

/**
 * The body of a BUS_REQUEST: a call or a cast for an id that this member serves.
 * A call ends with its last reply, a cast when who handles it says so.
 */
class Request {
  /**
   * @param {number} flags
   * @param {Buffer} buf
   * @param {number} start
   * @param {number} end
   * @param {string[] | null} outside see body.js
   * @param {string} member that it came to
   */
  constructor(flags, buf, start, end, outside, member) {
    const trace = start + 8;
    const id = flags & TRACED ? endOfText(buf, trace) : trace;
    const method = endOfText(buf, id);
    const body = endOfText(buf, method);
    this.member = member;
    this.id = ids.read(buf, id + 2, method);
    this.method = methods.read(buf, method + 2, body);
    /** See body.js. */
    this.body = read(buf, body, end, outside);
    this.bytes = sizeOf(buf, body, end, outside);
    this.peer = buf.readUInt32LE(start);
    this.call = buf.readUInt32LE(start + 4);
    this.isCall = (flags & FLAG) !== 0;
    this.trace = flags & TRACED ? buf.latin1Slice(trace + 2, id) : '';
    /** Among those that have not ended, and its report: given when it is let in. */
    this.number = 0;
    /** @type {import('../seeing/report').Report | null} */
    this.report = null;
    /** Whose handler has it. @type {import('./incoming').Service | null} */
    this.service = null;
  }
}

/**
 * The body of a BUS_MESSAGE.
 *
 * @param {number} flags
 * @param {Buffer} buf
 * @param {number} start
 * @param {number} end
 * @param {string[] | null} outside see body.js
 */
function readMessage(flags, buf, start, end, outside) {
  const count = buf.readUInt32LE(start);
  const trace = start + 4 + count * 4;
  const key = flags & TRACED ? endOfText(buf, trace) : trace;
  const body = endOfText(buf, key);
  return {
    subscriptions: Array.from({ length: count }, (_, n) => buf.readUInt32LE(start + 4 + n * 4)),
    routingKey: keys.read(buf, key + 2, body),
    body: read(buf, body, end, outside),
    trace: flags & TRACED ? buf.latin1Slice(trace + 2, key) : '',
  };
}

module.exports = { FLAG, Request, TRACED, readMessage };
