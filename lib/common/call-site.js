'use strict';

// Where a call was made, in the stack of the error that it ends with. What a call
// ends with comes from the network thread: by itself its error would name no one.

const { setTimeout } = require('./clock');

/** Looking at the stack takes some 10 µs: no more than 1 % of a thread goes into that. */
const AT_ONCE = 50;
const REFILL_MS = 50;

let left = AT_ONCE;
const refill = () => {
  left = AT_ONCE;
};

/**
 * For who awaits a promise: resolve it with this one, and the error's stack has the
 * async functions that wait for it. Calls that succeed pay nothing.
 *
 * @param {Error} error
 * @returns {Promise<never>}
 */
async function thrownTo(error) {
  // The promise that is resolved with this one begins to wait for it after one turn
  // of the queue of promises; V8 looks for those who wait when a stack is captured.
  await null;
  await null;
  Error.captureStackTrace?.(error, thrownTo);
  throw error;
}

/**
 * For who gets a stream: the frames at the call, which become a text only if it fails.
 *
 * @param {Function} entry what was called, which is left out
 * @returns {{ stack?: string }}
 */
function callSite(entry) {
  const site = {};
  Error.captureStackTrace?.(site, entry);
  return site;
}

/**
 * For who gives a callback: the same, unless so many calls are made that it would
 * slow them down.
 *
 * @param {Function} entry
 * @returns {{ stack?: string } | null}
 */
function callSiteIfCheap(entry) {
  if (left === 0) return null;
  // A timer, since whoever makes many calls would have to ask a clock for each.
  if (--left === 0) setTimeout(refill, REFILL_MS).unref();
  return callSite(entry);
}

/**
 * Adds them to what the call has ended with, as grpc-js does.
 *
 * @template {Error} T
 * @param {T} error
 * @param {{ stack?: string } | null} site
 * @returns {T}
 */
function calledAt(error, site) {
  const frames = site?.stack?.replace(/^.*\n/, '');
  if (frames) error.stack = `${error.stack}\nfor call at\n${frames}`;
  return error;
}

module.exports = { callSite, callSiteIfCheap, calledAt, thrownTo };
