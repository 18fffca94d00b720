'use strict';

// What comes from the network thread comes in no context. This brings it into
// that of the call it is for.

/** @typedef {import('./bridge').Receiver} Receiver */

/**
 * A context: an AsyncResource, or the report of a traced call.
 *
 * @typedef {{ runInAsyncScope: (work: (...args: any[]) => any, self: any, ...args: any[]) => any }} Place
 */

/**
 * Stands for a receiver whose events are to be heard in a context. Made only
 * while somebody traces, so that others pay nothing.
 *
 * @implements {Receiver}
 */
class InContext {
  /**
   * @param {Place} place
   * @param {any} receiver a Receiver: which events come depends on the kind of its call
   */
  constructor(place, receiver) {
    this.place = place;
    this.receiver = receiver;
  }

  /** @param {Buffer} buf @param {number} flags @param {number} start @param {number} end */
  onReply(buf, flags, start, end) {
    this.place.runInAsyncScope(this.receiver.onReply, this.receiver, buf, flags, start, end);
  }

  /** @param {Buffer} buf @param {number} flags @param {number} start @param {number} end */
  onStatus(buf, flags, start, end) {
    this.place.runInAsyncScope(this.receiver.onStatus, this.receiver, buf, flags, start, end);
  }

  /** @param {Buffer} buf @param {number} start @param {number} end */
  onHeaders(buf, start, end) {
    this.pass(this.receiver.onHeaders, buf, start, end);
  }

  /** @param {Buffer} buf @param {number} start @param {number} end */
  onMessage(buf, start, end) {
    this.pass(this.receiver.onMessage, buf, start, end);
  }

  /** @param {number} bytes */
  onWritable(bytes) {
    this.pass(this.receiver.onWritable, bytes);
  }

  onHalfClosed() {
    this.pass(this.receiver.onHalfClosed);
  }

  /** @param {number} reason */
  onClosed(reason) {
    this.pass(this.receiver.onClosed, reason);
  }

  /**
   * @param {((...args: any[]) => any) | undefined} event undefined if the kind has none
   * @param {...any} args
   */
  pass(event, ...args) {
    if (event !== undefined) this.place.runInAsyncScope(event, this.receiver, ...args);
  }
}

/**
 * @param {Place | null} place
 * @param {Receiver} receiver
 * @returns {Receiver}
 */
function inPlace(place, receiver) {
  return place === null ? receiver : new InContext(place, receiver);
}

module.exports = { inPlace };
