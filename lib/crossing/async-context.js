'use strict';

// What comes from the network thread comes in no context. This brings it into
// that of the call it is for.

/** @typedef {import('./events').Receiver} Receiver */
/** @typedef {import('./message').Message} Message */
/** @typedef {import('./metadata-block').Entries} Entries */

/**
 * A context: an AsyncResource, or the recorder of a traced call.
 *
 * @typedef {{ runInAsyncScope: (work: (...args: any[]) => any, self: any, ...args: any[]) => any }} AsyncScope
 */

/**
 * Stands for a receiver whose events are to be heard in a context. Made only
 * while somebody traces, so that others pay nothing.
 *
 * @implements {Receiver}
 */
class ReceiverInContext {
  /**
   * @param {AsyncScope} scope
   * @param {any} receiver a Receiver: which events come depends on the kind of its call
   */
  constructor(scope, receiver) {
    this.scope = scope;
    this.receiver = receiver;
  }

  /** @param {Message} message @param {Entries | null} headers @param {Entries | null} trailers */
  onReply(message, headers, trailers) {
    this.scope.runInAsyncScope(this.receiver.onReply, this.receiver, message, headers, trailers);
  }

  /** @param {Entries} headers */
  onHeaders(headers) {
    this.pass(this.receiver.onHeaders, headers);
  }

  /** @param {Message} message */
  onMessage(message) {
    this.pass(this.receiver.onMessage, message);
  }

  /** @param {number} code @param {string} details @param {Entries | null} headers @param {Entries} trailers */
  onStatus(code, details, headers, trailers) {
    this.scope.runInAsyncScope(this.receiver.onStatus, this.receiver, code, details, headers, trailers);
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
    if (event !== undefined) this.scope.runInAsyncScope(event, this.receiver, ...args);
  }
}

/**
 * @param {AsyncScope | null} scope
 * @param {Receiver} receiver
 * @returns {Receiver}
 */
function inContext(scope, receiver) {
  return scope === null ? receiver : new ReceiverInContext(scope, receiver);
}

module.exports = { inContext };
