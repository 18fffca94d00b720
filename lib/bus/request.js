'use strict';

const { clearTimeout, setTimeout, wallTime } = require('../common/clock');
const { AbortController } = require('../common/compat/abort');

/** Timers of Node take no more ms. */
const LONGEST = 0x7fffffff;

/**
 * A call or a cast for an id that this member serves. A call ends with its last reply, a cast
 * when who handles it says so.
 */
class Request {
  /**
   * @param {string} member that it came to
   * @param {number} peer its caller's number
   * @param {number} call the number its caller gave it
   * @param {boolean} isCall
   * @param {number} deadline
   * @param {string} trace empty for none
   * @param {string} caller
   * @param {string} id
   * @param {string} method
   * @param {import('./body').Body} body
   * @param {number} bytes of the body
   */
  constructor(member, peer, call, isCall, deadline, trace, caller, id, method, body, bytes) {
    this.member = member;
    this.peer = peer;
    this.call = call;
    this.isCall = isCall;
    /** The name of who called or cast. */
    this.caller = caller;
    this.id = id;
    this.method = method;
    /** See body.js. */
    this.body = body;
    this.bytes = bytes;
    /** When the caller gives up, in ms since 1970; Infinity where it did not say. */
    this.deadline = deadline;
    this.trace = trace;
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

module.exports = { Request };
