'use strict';

// What a client's call ends with.

const { calledAt } = require('../../common/call-site');
const { Metadata } = require('../metadata');
const { messageOf } = require('../../common/errors');
const { status } = require('../../common/status');
const { RpcError } = require('../rpc-error');
const { NoMessage } = require('../../common/fields');

/** @typedef {{ code: number, details: string, metadata: Metadata }} StatusObject */

/**
 * @param {import('../../crossing/metadata-block').Entries | null} entries that have come
 * @returns {Metadata | null}
 */
const metadataOf = (entries) => (entries === null ? null : Metadata.ofEntries(entries));

/**
 * @param {StatusObject} from
 * @param {{ stack?: string } | null} site where the call was made, if that is known
 */
function errorOf({ code, details, metadata }, site) {
  return calledAt(new RpcError(code, details, metadata), site);
}

/**
 * @param {number} code
 * @param {string} details
 * @returns {StatusObject}
 */
function statusObject(code, details) {
  return { code, details, metadata: new Metadata() };
}

/**
 * What a request that cannot be encoded ends its call with. An error that is a
 * status already stays what it is.
 *
 * @param {unknown} error
 */
function sendFailure(error) {
  if (error instanceof RpcError) return statusObject(error.code, error.details);
  const code = error instanceof NoMessage ? status.INVALID_ARGUMENT : status.INTERNAL;
  return statusObject(code, `Request message serialization failure: ${messageOf(error)}`);
}

/** @param {unknown} error */
function parseFailure(error) {
  return statusObject(status.INTERNAL, `Response message parsing error: ${messageOf(error)}`);
}

module.exports = { errorOf, metadataOf, parseFailure, sendFailure, statusObject };
