'use strict';

// The contract by the name that a caller gives: OWT's name of a type, or the full
// name of a standard service.

const { hasOwn } = require('../common/compat/objects');

/** @returns {Record<string, import('../codec-runtime').Contract>} OWT's, by type */
const owt = () => require('../codec');

/**
 * The type's contract.
 *
 * @param {string} type OWT's name, or the full name of a standard service
 * @returns {import('../codec-runtime').Contract | undefined} undefined if no contract has that name
 */
function findContract(type) {
  if (typeof type !== 'string') return undefined;
  if (hasOwn(owt(), type)) return owt()[type];
  /** @type {Record<string, import('../codec-runtime').Contract>} */
  const standard = require('../codec/standard');
  return hasOwn(standard, type) ? standard[type] : undefined;
}

/** OWT's types, for people. */
const knownTypes = () => Object.keys(owt()).join(', ');

/**
 * The type's contract, or an error that names those that there are.
 *
 * @param {string} type
 */
function contractOf(type) {
  const contract = findContract(type);
  if (contract === undefined) throw new Error(`Invalid proto type:${String(type)} (known types: ${knownTypes()})`);
  return contract;
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
  return (hasOwn(owt(), name) && owt()[name].service?.name) || name;
}

module.exports = { contractOf, findContract, fullNameOf, knownTypes, serviceOf };
