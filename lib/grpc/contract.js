'use strict';

// The contract by the name that a caller gives: OWT's name of a type, or the full
// name of a standard service.

const { hasOwn } = require('../common/compat/objects');

/**
 * The type's contract.
 *
 * @param {string} type OWT's name, or the full name of a standard service
 * @returns {import('../codec-runtime').Contract}
 */
function contractOf(type) {
  /** @type {Record<string, import('../codec-runtime').Contract>} */
  const codec = require('../codec');
  if (typeof type === 'string') {
    if (hasOwn(codec, type)) return codec[type];
    /** @type {Record<string, import('../codec-runtime').Contract>} */
    const standard = require('../codec/standard');
    if (hasOwn(standard, type)) return standard[type];
  }
  throw new Error(`Invalid proto type:${String(type)} (known types: ${Object.keys(codec).join(', ')})`);
}

/**
 * The type's service.
 *
 * @param {string} type
 */
function serviceOf(type) {
  const { service } = contractOf(type);
  if (service === null) throw new Error(`Invalid proto type:${type} has messages only, no service`);
  return service;
}

/**
 * What the wire calls a service that may be named by OWT's name of its type.
 *
 * @param {string} name
 * @returns {string}
 */
function fullNameOf(name) {
  /** @type {Record<string, import('../codec-runtime').Contract>} */
  const codec = require('../codec');
  return (hasOwn(codec, name) && codec[name].service?.name) || name;
}

module.exports = { contractOf, fullNameOf, serviceOf };
