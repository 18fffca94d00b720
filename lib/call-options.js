'use strict';

// What a caller may say about one call, in one place and one form.

const { RpcError, messageOf, status } = require('./errors');
const { Metadata } = require('./metadata');
const { PARENT_KEY, toBlock } = require('./seeing/w3c');

/** What crosses in 32 bits; longer timeouts are as good as none. */
const LONGEST = 0xfffffffe;

/**
 * @typedef {object} CallOptions
 * @property {Date | number} [deadline] when to give up: a Date or ms since 1970; covers connecting
 * @property {number} [timeout] how long to wait, in ms; the earlier of both counts
 * @property {AbortSignal} [signal] cancels the call
 * @property {import('./metadata').MetadataLike} [metadata]
 * @property {boolean} [waitForReady] wait for a connection instead of failing while there is none
 */

/** @type {CallOptions} */
const NONE = Object.freeze({});

/**
 * Sorts the arguments behind the request: [metadata][, options][, callback], as
 * grpc-js has them, or options that carry the metadata.
 *
 * @param {any} a
 * @param {any} b
 * @param {any} c
 * @returns {{ options: CallOptions, callback: ((error: Error | null, reply?: any) => void) | null }}
 */
function sortArguments(a, b, c) {
  if (typeof a === 'function') return { options: NONE, callback: a };
  if (isMetadata(a)) {
    const { options, callback } = sortArguments(b, c, undefined);
    return { options: { ...options, metadata: a }, callback };
  }
  const callback = typeof b === 'function' ? b : typeof c === 'function' ? c : null;
  if (a == null) {
    return b != null && typeof b === 'object' ? { options: b, callback } : { options: NONE, callback };
  }
  if (typeof a !== 'object') throw new TypeError(`call options must be an object, not ${typeof a}`);
  return { options: a, callback };
}

/** @param {any} value */
function isMetadata(value) {
  return value instanceof Metadata || typeof value?.toHttp2Headers === 'function';
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
    const at = checkedNumber('deadline', +options.deadline);
    left = Math.min(left, at - Date.now());
  }
  if (left > LONGEST) return null;
  return Math.ceil(left);
}

/**
 * @param {string} name
 * @param {number} value
 */
function checkedNumber(name, value) {
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  throw refusal(status.INVALID_ARGUMENT, `call option ${name} is no number or valid Date`);
}

/** @param {import('./metadata').MetadataLike} given */
function givenMetadata(given) {
  try {
    return Metadata.from(given);
  } catch (error) {
    throw refusal(status.INVALID_ARGUMENT, messageOf(error));
  }
}

/**
 * The caller's metadata, and the trace unless the caller has given one.
 *
 * @param {CallOptions} options
 * @param {import('./seeing/w3c').Carrier | null} trace
 * @returns {Buffer | null}
 */
function metadataOf({ metadata: given }, trace) {
  if (given == null) return trace === null ? null : toBlock(trace);
  const metadata = givenMetadata(given);
  if (trace === null) return metadata.toBlock();
  const block = metadata.toBlock();
  if (block === null || metadata.entries.has(PARENT_KEY)) return block ?? toBlock(trace);
  return Buffer.concat([block, toBlock(trace)]);
}

/**
 * What crosses to start a call. Throws the status of a call that cannot start.
 *
 * @param {import('./client').Connection} connection
 * @param {import('./client').Method} method
 * @param {CallOptions} options
 * @param {boolean} unary one reply is expected and kept for the end
 * @param {import('./seeing/w3c').Carrier | null} trace that goes with it
 */
function callOf(connection, method, options, unary, trace) {
  const timeout = timeoutOf(options);
  const metadata = metadataOf(options, trace);
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

/**
 * Listens for the end of the caller's patience.
 *
 * @param {AbortSignal} signal
 * @param {() => void} cancel
 * @returns {() => void} stops listening: a signal may outlive many calls
 */
function onAbort(signal, cancel) {
  signal.addEventListener('abort', cancel, { once: true });
  return () => signal.removeEventListener('abort', cancel);
}

module.exports = { callOf, onAbort, sortArguments };
