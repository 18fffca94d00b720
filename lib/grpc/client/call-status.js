'use strict';

// Reads the records that end a client call.

const { calledAt } = require('../../common/call-site');
const { Metadata } = require('../metadata');
const { messageOf } = require('../../common/errors');
const { status } = require('../../common/status');
const { RpcError } = require('../rpc-error');
const { NoMessage } = require('../../common/fields');

/** @typedef {{ code: number, details: string, metadata: Metadata }} StatusObject */

/**
 * The body of a STATUS record.
 *
 * @param {Buffer} buf
 * @param {number} flags
 * @param {number} start
 * @param {number} end
 * @returns {StatusObject & { headers: Metadata | null }}
 */
function readStatus(buf, flags, start, end) {
  const code = buf.readDoubleLE(start);
  let at = start + 12 + buf.readUInt32LE(start + 8);
  const details = buf.utf8Slice(start + 12, at);
  let headers = null;
  if (flags & 1) {
    const length = buf.readUInt32LE(at);
    headers = Metadata.fromBlock(buf, at + 4, at + 4 + length);
    at += 4 + length;
  }
  return { code, details, metadata: Metadata.fromBlock(buf, at, end), headers };
}

/**
 * The metadata in front of a REPLY record's message.
 *
 * @param {Buffer} buf
 * @param {number} start
 */
function readReplyMetadata(buf, start) {
  const headersEnd = start + 4 + buf.readUInt32LE(start);
  const end = headersEnd + 4 + buf.readUInt32LE(headersEnd);
  return {
    headers: Metadata.fromBlock(buf, start + 4, headersEnd),
    trailers: Metadata.fromBlock(buf, headersEnd + 4, end),
    end,
  };
}

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

module.exports = { readStatus, readReplyMetadata, errorOf, statusObject, sendFailure, parseFailure };
