'use strict';

// Signals by which callers give up. One listener stands on a signal for all that
// it ends: a room's signal may be that of thousands of calls, and Node takes more
// than ten listeners for a leak.

const { nextTick } = require('./clock');
const { kindOf } = require('./kind-of');

/** @param {any} value */
function isSignal(value) {
  return typeof value?.aborted === 'boolean' && typeof value.addEventListener === 'function' && typeof value.removeEventListener === 'function';
}

/**
 * @param {string} what the option is, for the error
 * @param {any} value that is no signal
 */
function noSignal(what, value) {
  const hint = isSignal(value.signal) ? ': give its .signal' : '';
  return `${what} must be an AbortSignal, such as the \`signal\` of an AbortController, not ${kindOf(value)}${hint}`;
}

/** What each signal ends that is waited for, and its listener. @type {WeakMap<AbortSignal, { cancels: Set<() => void>, abort: () => void }>} */
const waiting = new WeakMap();

/**
 * Listens for the end of the caller's patience.
 *
 * @param {AbortSignal} signal
 * @param {() => void} cancel a function of its own for each that waits
 * @returns {() => void} stops listening: a signal may outlive many calls
 */
function onAbort(signal, cancel) {
  const { cancels, abort } = waiting.get(signal) ?? listenTo(signal);
  cancels.add(cancel);
  return () => {
    cancels.delete(cancel);
    if (cancels.size > 0 || waiting.get(signal)?.cancels !== cancels) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', abort);
  };
}

/** @param {AbortSignal} signal */
function listenTo(signal) {
  /** @type {Set<() => void>} */
  const cancels = new Set();
  const abort = () => {
    waiting.delete(signal);
    for (const cancel of cancels) attempt(cancel);
  };
  signal.addEventListener('abort', abort, { once: true });
  const listener = { cancels, abort };
  waiting.set(signal, listener);
  return listener;
}

/**
 * As of listeners of the signal: one that throws keeps no other from being called.
 *
 * @param {() => void} cancel
 */
function attempt(cancel) {
  try {
    cancel();
  } catch (error) {
    nextTick(rethrow, error);
  }
}

/** @param {unknown} error */
function rethrow(error) {
  throw error;
}

module.exports = { isSignal, noSignal, onAbort };
