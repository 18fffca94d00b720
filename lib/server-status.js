'use strict';

// What a handler's failure tells the client, by grpc-js's rules.

const { status, messageOf } = require('./errors');
const { blockOf } = require('./metadata');

/** @typedef {{ code: number, details: string, metadata: Buffer | null }} WireStatus */

/**
 * @param {any} error what the handler gave or threw
 * @param {any} [trailers] metadata given beside it
 * @returns {WireStatus}
 */
function statusOf(error, trailers) {
  if (error === null || typeof error !== 'object') {
    return { code: status.UNKNOWN, details: 'Unknown error', metadata: trailersOf(trailers) };
  }
  /** @type {number} */
  let code = status.UNKNOWN;
  let details = 'message' in error ? String(error.message) : 'Unknown Error';
  if (hasCode(error)) {
    code = error.code;
    if (typeof error.details === 'string') details = error.details;
  }
  return { code, details, metadata: trailersOf(trailers ?? error.metadata) };
}

/**
 * A failure is no success, whatever its code says.
 *
 * @param {any} error
 */
function hasCode(error) {
  return error !== null && typeof error === 'object' && Number.isSafeInteger(error.code) && error.code !== status.OK;
}

/**
 * A status about the server's own handler.
 *
 * @param {number} code
 * @param {string} details
 * @returns {WireStatus}
 */
function plainStatus(code, details) {
  return { code, details, metadata: null };
}

/**
 * Bad metadata must not cost the client its answer.
 *
 * @param {any} trailers
 */
function trailersOf(trailers) {
  try {
    return blockOf(trailers);
  } catch (_error) {
    return null;
  }
}

/** @param {unknown} error */
function unserializable(error) {
  return plainStatus(status.INTERNAL, `Error serializing response: ${messageOf(error)}`);
}

module.exports = { hasCode, plainStatus, statusOf, trailersOf, unserializable };
