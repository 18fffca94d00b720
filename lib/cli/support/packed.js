'use strict';

// Messages as a command line writes and reads them: packed ones (Any) as objects
// with "@type", as proto3's JSON has them, and bytes as base64.

const { packAny, unpackAny } = require('../../codec-runtime/any');
const { UsageError } = require('./errors');

const TYPE = '@type';

/** @typedef {import('../../codec-runtime').Contract} Contract */

/**
 * What was written, as the codec takes it.
 *
 * @param {Contract} contract
 * @param {any} value
 * @returns {any}
 */
function packed(contract, value) {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => packed(contract, item));
  const { [TYPE]: type, ...rest } = value;
  const inner = Object.fromEntries(Object.entries(rest).map(([name, member]) => [name, packed(contract, member)]));
  if (type === undefined) return inner;
  const codec = contract.lookup(String(type));
  if (codec === undefined) throw new UsageError(`"@type" ${JSON.stringify(type)} is no message of ${contract.type}, such as owt.RequestOption`);
  return packAny(codec, inner);
}

/**
 * What came, as it is printed.
 *
 * @param {Contract} contract
 * @param {any} value
 * @returns {any}
 */
function unpacked(contract, value) {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => unpacked(contract, item));
  const inner = Buffer.isBuffer(value.value) && typeof value.type_url === 'string' ? messageOf(contract, value) : null;
  if (inner !== null) return unpacked(contract, inner);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unpacked(contract, member)]));
}

/**
 * @param {Contract} contract
 * @param {{ type_url: string, value: Buffer }} any
 */
function messageOf(contract, { type_url: type, value }) {
  // A peer of another kind puts a host before the name.
  const codec = contract.lookup(type.slice(type.lastIndexOf('/') + 1));
  if (codec === undefined) return null;
  try {
    return { [TYPE]: codec.name, ...unpackAny(codec, value) };
  } catch (_error) {
    // Shown as the bytes that it is.
    return null;
  }
}

module.exports = { packed, unpacked };
