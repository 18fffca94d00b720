'use strict';

// The calls of one member that wait for their end, and those that have ended and
// still listen to replies of other kinds.

const { BusOutcome } = require('../common/bus-outcome');
const { CallTable } = require('../crossing/call-table');
const { messageOf, textOf } = require('../common/errors');
const { decode } = require('./body');
const { Queue } = require('./queue');

/** Calls that are settled and still listen: of more, the older ones are cancelled. */
const LISTENING = 10_000;

/**
 * What receives the end of a call, and what comes before it.
 *
 * @typedef {object} CallReceiver
 * @property {boolean} many replies of other kinds are wanted
 * @property {(kind: string, data: any, err: any, failed: boolean, reply: any) => void} onReply kind is '' for the last one
 * @property {(why: number, detail: string) => void} onFailed
 * @property {import('../observability/call-recorder').CallRecorder} [recorder] set when the call is made
 */

class Calls {
  /** @param {(number: number) => void} giveUp tells the native side that a call is not waited for any more */
  constructor(giveUp) {
    this.giveUp = giveUp;
    /** @type {CallTable<CallReceiver>} */
    this.table = new CallTable();
    /** @type {Queue<number>} */
    this.listening = new Queue();
  }

  /**
   * @param {CallReceiver} receiver
   * @returns {number} the call's number
   */
  add(receiver) {
    return this.table.add(receiver);
  }

  /** @param {number} number */
  cancel(number) {
    this.table.get(number)?.recorder?.endBus(BusOutcome.CANCELLED, 'Given up by the caller');
    if (this.table.delete(number)) this.giveUp(number);
  }

  /**
   * It could not be sent.
   *
   * @param {number} number
   * @param {string} why
   */
  abandon(number, why) {
    this.table.get(number)?.recorder?.endBus(BusOutcome.CANCELLED, why);
    this.table.delete(number);
  }

  /**
   * The member has left.
   *
   * @param {string} why
   */
  close(why) {
    for (const { recorder } of this.table.values()) recorder?.endBus(BusOutcome.CLOSED, why);
  }

  /**
   * @param {number} number
   * @param {number} why see common/bus-outcome.js
   * @param {string} detail
   */
  failed(number, why, detail) {
    const receiver = this.table.get(number);
    if (receiver === undefined) return;
    this.table.delete(number);
    receiver.recorder?.endBus(why, detail);
    receiver.onFailed(why, detail);
  }

  /**
   * @param {number} number
   * @param {string} kind '' for the last one
   * @param {boolean} failed
   * @param {import('./body').Body} body
   * @param {number} bytes it has
   */
  replied(number, kind, failed, body, bytes) {
    const receiver = this.table.get(number);
    if (receiver === undefined) return;
    if (kind === '') this.settled(number, receiver);
    let reply;
    try {
      reply = decode(body);
    } catch (error) {
      reply = { data: 'error', err: `The reply is no JSON: ${messageOf(error)}` };
      failed = true;
    }
    const { recorder } = receiver;
    recorder?.received(bytes);
    if (kind === '') recorder?.endBus(failed ? BusOutcome.HANDLER : BusOutcome.OK, failed ? textOf(reply?.err ?? reply?.data) : '');
    receiver.onReply(kind, reply?.data, reply?.err, failed, reply ?? {});
  }

  /**
   * @param {number} number
   * @param {CallReceiver} receiver
   */
  settled(number, receiver) {
    if (!receiver.many) {
      this.table.delete(number);
      return;
    }
    this.listening.push(number);
    if (this.listening.length <= LISTENING) return;
    const oldest = /** @type {number} */ (this.listening.shift());
    if (this.table.delete(oldest)) this.giveUp(oldest);
  }
}

module.exports = { Calls, LISTENING };
