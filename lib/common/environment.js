'use strict';

// What the environment says, checked. Errors name the variable.

/** The least that a process may be allowed to hold for its peers, in bytes: less would refuse what is no flood. */
const LEAST_BUFFERED = 1024 * 1024;

/** @param {unknown} bytes */
const isBufferedBound = (bytes) => typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= LEAST_BUFFERED;

/** @returns {number | null} what the environment says that the process may hold, if it says something */
function maxBufferedOfEnvironment() {
  const value = process.env.OWT_GRPC_MAX_BUFFERED_BYTES;
  if (!value) return null;
  if (isBufferedBound(Number(value))) return Number(value);
  throw new TypeError(`OWT_GRPC_MAX_BUFFERED_BYTES must be a whole number of bytes, at least ${LEAST_BUFFERED}, not ${value}`);
}

module.exports = { LEAST_BUFFERED, isBufferedBound, maxBufferedOfEnvironment };
