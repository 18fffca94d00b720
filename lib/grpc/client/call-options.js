'use strict';

// What a caller may say about one call, in one place and one form.

const { hasOwn } = require('../../common/compat/objects');
const { messageOf } = require('../../common/errors');
const { status } = require('../../common/status');
const { RpcError } = require('../rpc-error');
const { hasFields } = require('../../common/fields');
const { Metadata } = require('../metadata');
const { PARENT_KEY, toBlock } = require('../../crossing/trace-block');
const { isSignal, noSignal } = require('../../common/signal');
const { hint } = require('../../common/did-you-mean');
const { kindOf } = require('../../common/kind-of');

/** What crosses in 32 bits; longer timeouts are as good as none. */
const LONGEST = 0xfffffffe;

/**
 * @typedef {object} CallOptions
 * @property {Date | number} [deadline] when to give up: a Date or ms since 1970; covers connecting
 * @property {number} [timeout] how long to wait, in ms; the earlier of both counts
 * @property {AbortSignal} [signal] cancels the call
 * @property {import('../metadata').MetadataLike} [metadata]
 * @property {boolean} [waitForReady] wait for a connection instead of failing while there is none
 */

/** @type {CallOptions} */
const NONE = Object.freeze({});

const NAMES = ['deadline', 'timeout', 'signal', 'metadata', 'waitForReady'];
/** Those that only grpc-js has: calls that were written for it are made all the same. */
const OF_GRPC_JS = ['host', 'parent', 'propagate_flags', 'credentials', 'interceptors', 'interceptor_providers'];
const KNOWN = new Set([...NAMES, ...OF_GRPC_JS]);

/**
 * Sorts the arguments behind the request: [metadata][, options][, callback], as
 * grpc-js has them, or options that carry the metadata. What is in no place of
 * its own is refused: it would be ignored.
 *
 * @param {any} a
 * @param {any} [b]
 * @param {any} [c]
 * @returns {{ options: CallOptions, callback: ((error: Error | null, reply?: any) => void) | null }}
 */
function sortArguments(a, b, c) {
  if (typeof a === 'function') {
    if (b !== undefined || c !== undefined) throw new TypeError(`nothing is expected behind the callback of a call, not ${kindOf(b ?? c)}`);
    return { options: NONE, callback: a };
  }
  if (isMetadata(a)) {
    const { options, callback } = sortArguments(b, c);
    if (options.metadata != null) throw new TypeError('metadata was given twice: as an argument of its own and as a call option');
    return { options: { ...options, metadata: a }, callback };
  }
  if (a == null) return b === undefined && c === undefined ? { options: NONE, callback: null } : sortArguments(b, c);
  if (!hasFields(a)) throw new TypeError(`call options must be an object, not ${kindOf(a)}`);
  const callback = b ?? c ?? null;
  if ((callback !== null && typeof callback !== 'function') || (b != null && c != null)) {
    throw new TypeError(`only a callback is expected behind the options of a call, not ${kindOf(typeof b === 'function' ? c : callback)}`);
  }
  return { options: a, callback };
}

/** @param {any} value */
function isMetadata(value) {
  return value instanceof Metadata || typeof value?.toHttp2Headers === 'function';
}

/**
 * All that can be said of options before they are used. Throws the status of the call.
 *
 * @param {CallOptions} options
 */
function checkOptions(options) {
  if (options === NONE) return;
  for (const name in options) {
    if (KNOWN.has(name) || !hasOwn(options, name)) continue;
    throw refusal(status.INVALID_ARGUMENT, `call option ${name} is not known; the options are ${NAMES.join(', ')}${hint(name, NAMES)}`);
  }
  const { signal, waitForReady } = options;
  if (signal != null && !isSignal(signal)) throw refusal(status.INVALID_ARGUMENT, noSignal('call option signal', signal));
  if (waitForReady != null && typeof waitForReady !== 'boolean') {
    throw refusal(status.INVALID_ARGUMENT, `call option waitForReady must be true or false, not ${kindOf(waitForReady)}`);
  }
}

/**
 * The ms that a call may take, null for no limit, 0 or less if it is too late.
 *
 * @param {CallOptions} options
 * @returns {number | null}
 */
function timeoutOf(options) {
  let left = Infinity;
  if (options.timeout != null) left = checkedNumber('timeout', options.timeout);
  if (options.deadline != null) {
    const at = checkedNumber('deadline', options.deadline.valueOf?.());
    left = Math.min(left, at - Date.now());
  }
  if (left > LONGEST) return null;
  return Math.ceil(left);
}

/**
 * @param {string} name
 * @param {any} value
 * @returns {number}
 */
function checkedNumber(name, value) {
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  throw refusal(status.INVALID_ARGUMENT, `call option ${name} is no number or valid Date`);
}

/**
 * The caller's metadata, and the trace unless the caller has given one.
 *
 * @param {CallOptions} options
 * @param {import('../../observability/trace-context').Carrier | null} trace
 * @returns {Buffer | null}
 */
function metadataOf({ metadata: given }, trace) {
  if (given == null) return trace === null ? null : toBlock(trace);
  const metadata = Metadata.from(given);
  if (trace === null) return metadata.toBlock();
  const block = metadata.toBlock();
  if (block === null || metadata.entries.has(PARENT_KEY)) return block ?? toBlock(trace);
  return Buffer.concat([block, toBlock(trace)]);
}

/**
 * @param {CallOptions} options
 * @param {import('../../observability/trace-context').Carrier | null} trace
 */
function checkedMetadata(options, trace) {
  try {
    return metadataOf(options, trace);
  } catch (error) {
    throw refusal(status.INVALID_ARGUMENT, `call option metadata: ${messageOf(error)}`);
  }
}

/**
 * What crosses to start a call. Throws the status of a call that cannot start.
 *
 * @param {import('./client').Connection} connection
 * @param {import('./client').Method} method
 * @param {CallOptions} options
 * @param {boolean} unary one reply is expected and kept for the end
 * @param {import('../../observability/trace-context').Carrier | null} trace that goes with it
 */
function callOf(connection, method, options, unary, trace) {
  checkOptions(options);
  const timeout = timeoutOf(options);
  const metadata = checkedMetadata(options, trace);
  if (timeout !== null && timeout <= 0) throw refusal(status.DEADLINE_EXCEEDED, 'Deadline exceeded before the call was sent');
  if (options.signal?.aborted) throw refusal(status.CANCELLED, 'Cancelled on client');
  const { pending } = connection.bridge;
  if (pending >= connection.maxPendingCalls) {
    const text = `${pending} calls are pending, which is the limit (client option maxPendingCalls)`;
    throw refusal(status.RESOURCE_EXHAUSTED, text);
  }
  const waitForReady = options.waitForReady === true;
  return { channel: connection.channel, method: method.number, timeout, metadata, waitForReady, unary };
}

/**
 * @param {number} code
 * @param {string} details
 */
function refusal(code, details) {
  return new RpcError(code, details, new Metadata());
}

module.exports = { callOf, sortArguments };
