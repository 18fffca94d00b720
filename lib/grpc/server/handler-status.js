'use strict';

// What a handler's failure tells the client, by grpc-js's rules.

const { messageOf } = require('../../common/errors');
const { status } = require('../../common/status');
const { WARN, log } = require('../../common/log');
const { Metadata } = require('../metadata');

/** How many keys are remembered: handlers may make them of what clients send. */
const MAX_TOLD = 100;

/** @typedef {{ code: number, details: string, metadata: Buffer | null }} WireStatus */

/**
 * @param {any} error what the handler gave or threw
 * @param {any} [trailers] metadata given beside it
 * @returns {WireStatus}
 */
function statusOf(error, trailers) {
  if (error === null || typeof error !== 'object') {
    return { code: status.UNKNOWN, details: 'Unknown error', metadata: sendableOf(trailers) };
  }
  /** @type {number} */
  let code = status.UNKNOWN;
  let details = 'message' in error ? String(error.message) : 'Unknown Error';
  if (hasCode(error)) {
    code = error.code;
    if (typeof error.details === 'string') details = error.details;
  }
  return { code, details, metadata: sendableOf(trailers ?? error.metadata) };
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

/** Keys that a log has heard of. @type {Set<string>} */
const told = new Set();

/** @param {string} key @param {unknown} error */
function leaveOut(key, error) {
  if (told.has(key) || told.size === MAX_TOLD) return;
  told.add(key);
  log(WARN, `A handler's metadata is sent without what cannot be: ${messageOf(error)}`);
}

/**
 * What a handler gives beside its answer: an entry that cannot be sent costs the
 * client neither the answer nor the other entries.
 *
 * @param {any} metadata initial or trailing
 */
function sendableOf(metadata) {
  try {
    return metadata == null ? null : Metadata.from(metadata, leaveOut).toBlock();
  } catch (error) {
    leaveOut('', error);
    return null;
  }
}

/** @param {unknown} error */
function unserializable(error) {
  return plainStatus(status.INTERNAL, `Error serializing response: ${messageOf(error)}`);
}

module.exports = { hasCode, plainStatus, sendableOf, statusOf, unserializable };
