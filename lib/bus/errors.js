'use strict';

// Why a call over the bus failed: one table for the codes, the texts and the
// numbers that cross.

const { performance } = require('node:perf_hooks');
const { withCause } = require('../compat/errors');

/**
 * By the number that crosses.
 *
 * @type {Record<number, { code: string, text: (to: string, detail: string) => string }>}
 */
const FAILURES = {
  1: { code: 'UNKNOWN_ID', text: (to) => `nobody serves ${to}` },
  2: { code: 'UNREACHABLE', text: (_, detail) => `could not reach ${detail}` },
  3: { code: 'TIMEOUT', text: (_, detail) => `no reply from ${detail}` },
  4: { code: 'PEER_LOST', text: (_, detail) => `lost ${detail}` },
  5: { code: 'OVERLOADED', text: (_, detail) => detail },
  6: { code: 'TOO_LARGE', text: (_, detail) => detail },
  7: { code: 'CLOSED', text: (_, detail) => detail },
};

/** Those that only say that time has passed. */
const TIMEOUTS = [1, 2, 3];

/**
 * What a failed call ends with: why, for whom, how long it took.
 *
 * @param {number} why
 * @param {string} detail
 * @param {{ to: string, method: string, since: number }} call
 */
function describe(why, detail, { to, method, since }) {
  const failure = FAILURES[why] ?? { code: 'INTERNAL', text: () => `failure ${why}` };
  const age = Math.round(performance.now() - since);
  return { code: failure.code, message: `${to}.${method}: ${failure.text(to, detail)} (after ${age} ms)` };
}

/**
 * What `bus.call` rejects with.
 */
class BusError extends Error {
  /**
   * @param {string} code UNKNOWN_ID UNREACHABLE TIMEOUT PEER_LOST OVERLOADED TOO_LARGE CLOSED REFUSED HANDLER
   * @param {string} message
   * @param {{ id?: string, method?: string, cause?: unknown }} [about]
   */
  constructor(code, message, { id, method, cause } = {}) {
    super(message);
    withCause(this, cause);
    this.code = code;
    this.id = id;
    this.method = method;
  }
}
Object.defineProperty(BusError.prototype, 'name', { value: 'BusError', configurable: true, writable: true });

module.exports = { BusError, TIMEOUTS, describe };
