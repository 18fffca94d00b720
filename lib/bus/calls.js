'use strict';

// The calls of one member that wait for their end, and those that have ended and
// still listen to replies of other kinds.

const { BusOutcome } = require('../common/bus-outcome');
const { CallTable } = require('../crossing/call-table');
const { messageOf, textOf } = require('../common/errors');
const { decode, read, sizeOf } = require('./body');
const { Queue } = require('./queue');
const { FLAG } = require('./records');

/** Calls that are settled and still listen: as many as the native side keeps. */
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
  constructor() {
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

  /**
   * @param {number} number
   * @returns {boolean} whether it was there
   */
  cancel(number) {
    this.table.get(number)?.recorder?.endBus(BusOutcome.CANCELLED, 'Given up by the caller');
    return this.table.delete(number);
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
   * The body of a BUS_FAILED.
   *
   * @param {Buffer} buf
   * @param {number} start
   * @param {number} end
   */
  onFailed(buf, start, end) {
    const number = buf.readUInt32LE(start);
    const receiver = this.table.get(number);
    if (receiver === undefined) return;
    this.table.delete(number);
    const why = buf.readUInt32LE(start + 4);
    const detail = buf.utf8Slice(start + 8, end);
    receiver.recorder?.endBus(why, detail);
    receiver.onFailed(why, detail);
  }

  /**
   * The body of a BUS_REPLY.
   *
   * @param {number} flags
   * @param {Buffer} buf
   * @param {number} start
   * @param {number} end
   * @param {string[] | null} outside see body.js
   */
  onReply(flags, buf, start, end, outside) {
    const number = buf.readUInt32LE(start);
    const receiver = this.table.get(number);
    if (receiver === undefined) return;
    const body = start + 6 + buf.readUInt16LE(start + 4);
    const kind = body === start + 6 ? '' : buf.utf8Slice(start + 6, body);
    if (kind === '') this.settled(number, receiver);
    let reply;
    try {
      reply = decode(read(buf, body, end, outside));
    } catch (error) {
      reply = { data: 'error', err: `The reply is no JSON: ${messageOf(error)}` };
      flags |= FLAG;
    }
    const failed = (flags & FLAG) !== 0;
    const { recorder } = receiver;
    recorder?.received(sizeOf(buf, body, end, outside));
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
    if (this.listening.length > LISTENING) this.table.delete(/** @type {number} */ (this.listening.shift()));
  }
}

module.exports = { LISTENING, Calls };
