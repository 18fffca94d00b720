'use strict';

// From a request that arrived to the method it is for.

const { hasOwn } = require('../common/compat/objects');
const { decode } = require('./body');

/**
 * What may be called from afar: own functions of `methods` and of its
 * prototypes, looked up anew for each request; not what every object has.
 *
 * @param {any} methods
 * @param {string} name
 * @returns {((...args: any[]) => any) | undefined}
 */
function methodOf(methods, name) {
  if (name === 'constructor') return undefined;
  for (let at = methods; at != null && at !== Object.prototype && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    if (hasOwn(at, name)) return typeof methods[name] === 'function' ? methods[name] : undefined;
  }
  return undefined;
}

/**
 * The arguments of a request. Throws if they are no list.
 *
 * @param {import('./body').Body} body
 * @returns {any[]}
 */
function argumentsOf(body) {
  const args = decode(body);
  if (!Array.isArray(args)) throw new TypeError('the arguments are no array');
  return args;
}

module.exports = { argumentsOf, methodOf };
