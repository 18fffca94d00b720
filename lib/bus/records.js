'use strict';

// Reads the records of the bus that carry what other members send: see
// docs/crossing.md. `buf` may be used again by what a handler does, so all is
// read before any is called.

const { clearTimeout, setTimeout, wallTime } = require('../common/clock');
const { AbortController } = require('../common/compat/abort');
const { read, sizeOf } = require('./body');
const { Repeated } = require('./repeated');

/** Of a request that wants a reply, and of what failed. */
const FLAG = 1;
/** Of requests and messages: a trace comes first of all texts. */
const TRACED = 2;

/** Timers of Node take no more ms. */
const LONGEST = 0x7fffffff;

const casters = new Repeated();
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
   * @param {import('./callers').Callers} callers of that member
   */
  constructor(flags, buf, start, end, outside, member, callers) {
    const trace = start + 16;
    const caller = flags & TRACED ? endOfText(buf, trace) : trace;
    const id = endOfText(buf, caller);
    const method = endOfText(buf, id);
    const body = endOfText(buf, method);
    this.member = member;
    this.peer = buf.readUInt32LE(start);
    this.call = buf.readUInt32LE(start + 4);
    this.isCall = (flags & FLAG) !== 0;
    /** The name of who called or cast. The record of a cast has no number of its peer. */
    this.caller = this.isCall ? callers.read(this.peer, buf, caller + 2, id) : casters.read(buf, caller + 2, id);
    this.id = ids.read(buf, id + 2, method);
    this.method = methods.read(buf, method + 2, body);
    /** See body.js. */
    this.body = read(buf, body, end, outside);
    this.bytes = sizeOf(buf, body, end, outside);
    /** When the caller gives up, in ms since 1970; Infinity where it did not say. */
    this.deadline = buf.readDoubleLE(start + 8);
    this.trace = flags & TRACED ? buf.latin1Slice(trace + 2, caller) : '';
    /** Neither ended nor given up. */
    this.isOpen = false;
    /** @type {import('../observability/call-recorder').CallRecorder | null} */
    this.recorder = null;
    /** Whose handler has it. @type {import('./incoming').Service | null} */
    this.service = null;
    /** Who is told when the caller's time is over. @type {import('./incoming').Incoming | null} */
    this.owner = null;
    /** @type {InstanceType<typeof AbortController> | null} */
    this.aborter = null;
    /** Why nobody waits for the reply any more. @type {Error | null} */
    this.reason = null;
    /** @type {NodeJS.Timeout | null} */
    this.timer = null;
  }

  isOverdue() {
    return this.deadline <= wallTime();
  }

  /** @returns {AbortSignal} aborted when nobody waits for the reply any more */
  signal() {
    if (this.aborter === null) {
      this.aborter = new AbortController();
      if (this.reason !== null) this.aborter.abort(this.reason);
      else if (this.isOpen) this.watch();
    }
    return this.aborter.signal;
  }

  /** Its end at its deadline is not to be missed. */
  watch() {
    if (this.timer !== null || this.deadline === Infinity) return;
    this.timer = setTimeout(() => this.owner?.overdue(this), Math.min(this.deadline - wallTime(), LONGEST)).unref();
  }

  stopWatching() {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** @param {Error} reason */
  giveUp(reason) {
    this.stopWatching();
    this.reason = reason;
    this.aborter?.abort(reason);
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
