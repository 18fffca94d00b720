'use strict';

// Why a call over the bus failed, in words. lib/common/bus-outcome.js has the codes
// and the numbers that cross.

const { BusOutcome, busOutcomeNames } = require('../common/bus-outcome');
const { now } = require('../common/clock');
const { withCause } = require('../common/compat/errors');
const { messageOf } = require('../common/errors');

/**
 * What is said of a failure, by the number that crosses.
 *
 * @type {Record<number, (to: string, detail: string) => string>}
 */
const TEXTS = {
  [BusOutcome.UNKNOWN_ID]: (to) => `nobody serves ${to}`,
  [BusOutcome.UNREACHABLE]: (_, detail) => `could not reach ${detail}`,
  [BusOutcome.TIMEOUT]: (_, detail) => `no reply from ${detail}`,
  [BusOutcome.PEER_LOST]: (_, detail) => `lost ${detail}`,
  [BusOutcome.OVERLOADED]: (_, detail) => detail,
  [BusOutcome.TOO_LARGE]: (_, detail) => detail,
  [BusOutcome.CLOSED]: (_, detail) => detail,
  [BusOutcome.REFUSED]: (_, detail) => detail,
};

/** Those that only say that time has passed. */
const TIMEOUTS = [BusOutcome.UNKNOWN_ID, BusOutcome.UNREACHABLE, BusOutcome.TIMEOUT];

/**
 * What a failed call ends with: why, for whom, how long it took.
 *
 * @param {number} why
 * @param {string} detail
 * @param {{ to: string, method: string, since: number }} call
 */
function describe(why, detail, { to, method, since }) {
  const code = why in TEXTS ? busOutcomeNames[why] : 'INTERNAL';
  const text = TEXTS[why]?.(to, detail) ?? `failure ${why}`;
  const age = Math.round(now() - since);
  return { code, message: `${to}.${method}: ${text} (after ${age} ms)` };
}

/**
 * What `bus.call` rejects with.
 */
class BusError extends Error {
  /**
   * @param {string} code one of busOutcomeNames, or INTERNAL
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

/**
 * @param {any} error
 * @param {string} name
 */
function memberOf(error, name) {
  try {
    return error[name];
  } catch (_error) {
    return undefined;
  }
}

/**
 * What of a handler's error goes to its caller: the members of a reply.
 *
 * @param {unknown} error
 * @returns {{ err: string, code?: string | number, details?: any }}
 */
function told(error) {
  const err = messageOf(error);
  if (error === null || typeof error !== 'object') return { err };
  const code = memberOf(error, 'code');
  const isCode = typeof code === 'string' || typeof code === 'number';
  const message = memberOf(error, 'message');
  return { err: typeof message === 'string' ? message : err, code: isCode ? code : undefined, details: memberOf(error, 'data') };
}

/**
 * What a call is rejected with whose handler has failed: `cause` is the handler's
 * error, as far as it has come.
 *
 * @param {any} reply
 * @param {{ id: string, method: string }} about
 */
function fromHandler(reply, about) {
  const { err, data, code, details } = reply;
  const message = typeof err === 'string' ? err : messageOf(err ?? data);
  if (code === undefined && details === undefined) return new BusError('HANDLER', message, about);
  const cause = Object.assign(new Error(message), code === undefined ? {} : { code }, details === undefined ? {} : { data: details });
  return Object.assign(new BusError('HANDLER', message, { ...about, cause }), details === undefined ? {} : { data: details });
}

/** What Node.js gives for a reason if nobody else does, by its name. @type {Record<string, number>} */
const ABORTED = { AbortError: 20, TimeoutError: 23 };

/**
 * What waiting for the registry ends with when a signal fires. Node's own reason says
 * that it has fired, and this one why it was waited; one of the caller's is the caller's.
 *
 * @param {any} reason
 * @param {{ registry: string, waitsFor: string | null }} member
 * @returns {any}
 */
function givenUp(reason, { registry, waitsFor }) {
  const { name, code, message } = reason ?? {};
  if (code === undefined || ABORTED[name] !== code) return reason;
  const why = waitsFor ?? `the registry ${registry} has not answered`;
  const error = Object.assign(new Error(`${message}: no registry yet: ${why}`), { name, code });
  // For the command, which says it in its own sentence; null if the member knows no reason.
  Object.defineProperty(error, 'reason', { value: waitsFor });
  return withCause(error, new BusError('UNREACHABLE', why));
}

module.exports = { BusError, TIMEOUTS, describe, fromHandler, givenUp, told };
