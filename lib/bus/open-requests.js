'use strict';

// The requests that have not ended: calls by their callers, who may give them up.

const { CallTable } = require('../crossing/call-table');

/** Most callers have few calls with one member at a time. */
const FIRST_SIZE = 64;

/** @typedef {import('./request').Request} Request */

class OpenRequests {
  constructor() {
    /** By caller, and by its numbers, which it gives out in sequence. @type {Map<number, CallTable<Request>>} */
    this.calls = new Map();
    /** @type {CallTable<Request>} */
    this.casts = new CallTable(FIRST_SIZE);
    this.size = 0;
  }

  /**
   * @param {Request} request
   * @returns {Request | undefined} a former one that its caller gave the same number
   */
  add(request) {
    this.size++;
    request.isOpen = true;
    if (!request.isCall) {
      request.call = this.casts.add(request);
      return undefined;
    }
    let table = this.calls.get(request.peer);
    if (table === undefined) this.calls.set(request.peer, (table = new CallTable(FIRST_SIZE)));
    const former = table.get(request.call);
    if (former !== undefined) this.delete(former);
    table.set(request.call, request);
    return former;
  }

  /**
   * @param {Request} request
   * @returns {boolean} whether it was there
   */
  delete(request) {
    if (!request.isOpen) return false;
    request.isOpen = false;
    this.size--;
    if (request.isCall) this.calls.get(request.peer)?.delete(request.call);
    else this.casts.delete(request.call);
    return true;
  }

  /**
   * @param {number} peer
   * @param {number} call
   */
  get(peer, call) {
    return this.calls.get(peer)?.get(call);
  }

  /**
   * @param {number} peer that is gone, or its link
   * @returns {Request[]} what it had called
   */
  of(peer) {
    return this.calls.get(peer)?.values() ?? [];
  }

  /** @param {number} peer of whom nothing is open */
  forget(peer) {
    this.calls.delete(peer);
  }

  /** @returns {Request[]} */
  values() {
    return this.casts.values().concat(...[...this.calls.values()].map((table) => table.values()));
  }
}

module.exports = { OpenRequests };
