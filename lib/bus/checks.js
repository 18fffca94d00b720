'use strict';

// The arguments of the bus's functions, looked at before anything is begun.

const { isSignal, noSignal } = require('../common/signal');
const { kindOf } = require('../common/kind-of');
const { nameOf } = require('./names');

/**
 * @param {string} owner
 * @param {unknown} args
 * @returns {any[]}
 */
function argsOf(owner, args) {
  if (Array.isArray(args)) return args;
  throw new TypeError(`${owner}: args must be an array, not ${kindOf(args)}`);
}

/**
 * @param {string} owner
 * @param {any} signal
 * @returns {AbortSignal | undefined}
 */
function signalOf(owner, signal) {
  if (signal == null) return undefined;
  if (isSignal(signal)) return signal;
  throw new TypeError(noSignal(`${owner}: option signal`, signal));
}

/**
 * @param {string} owner
 * @param {unknown} patterns
 * @returns {string[]}
 */
function patternsOf(owner, patterns) {
  const list = typeof patterns === 'string' ? [patterns] : patterns;
  if (!Array.isArray(list) || list.length === 0) throw new TypeError(`${owner}: patterns must be a text or an array of at least one, not ${kindOf(patterns)}`);
  return list.map((pattern) => nameOf('bus: pattern', pattern));
}

/**
 * Methods are looked up when they are called, so an object may have none yet.
 *
 * @param {string} owner
 * @param {any} methods
 */
function methodsOf(owner, methods) {
  const isOne = methods !== null && typeof methods === 'object' && !Array.isArray(methods);
  // A promise of methods has none, nor have collections.
  if (isOne && typeof methods.then !== 'function' && typeof methods[Symbol.iterator] !== 'function') return methods;
  throw new TypeError(`${owner}: methods must be an object of functions, not ${kindOf(methods)}`);
}

module.exports = { argsOf, methodsOf, patternsOf, signalOf };
