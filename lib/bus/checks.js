'use strict';

// The arguments of the bus's functions, looked at before anything is begun.

const { checkedOptions, numberOption } = require('../config');
const { nameOf } = require('./names');

/** As a server's `stop()`. */
const GRACE_MS = 5000;

/** @param {unknown} value */
function shown(value) {
  if (value === null || typeof value !== 'object') return typeof value === 'string' ? 'a text' : String(value);
  if (Array.isArray(value)) return 'an array';
  return `an object of ${value.constructor?.name ?? 'no class'}`;
}

/**
 * @param {string} owner
 * @param {unknown} args
 * @returns {any[]}
 */
function argsOf(owner, args) {
  if (Array.isArray(args)) return args;
  throw new TypeError(`${owner}: args must be an array, not ${shown(args)}`);
}

/**
 * @param {string} owner
 * @param {any} signal
 * @returns {AbortSignal | undefined}
 */
function signalOf(owner, signal) {
  if (signal == null) return undefined;
  const isOne = typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function' && typeof signal.removeEventListener === 'function';
  if (isOne) return signal;
  throw new TypeError(`${owner}: option signal must be an AbortSignal, such as the \`signal\` of an AbortController, not ${shown(signal)}`);
}

/**
 * @param {string} owner
 * @param {unknown} patterns
 * @returns {string[]}
 */
function patternsOf(owner, patterns) {
  const list = typeof patterns === 'string' ? [patterns] : patterns;
  if (!Array.isArray(list) || list.length === 0) throw new TypeError(`${owner}: patterns must be a text or an array of at least one, not ${shown(patterns)}`);
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
  throw new TypeError(`${owner}: methods must be an object of functions, not ${shown(methods)}`);
}

/**
 * @param {string} owner
 * @param {Record<string, any>} options
 * @param {string} name
 */
function flagOf(owner, options, name) {
  const value = options[name];
  if (value == null || typeof value === 'boolean') return value === true;
  throw new TypeError(`${owner}: option ${name} must be true or false, not ${shown(value)}`);
}

/**
 * What handlers at work are given to end.
 *
 * @param {string} owner
 * @param {unknown} options
 * @returns {number} ms
 */
function graceOf(owner, options) {
  const checked = checkedOptions(owner, options, ['graceMs']);
  return numberOption(owner, checked, 'graceMs', { min: 0, max: 0x7fffffff }) ?? GRACE_MS;
}

module.exports = { argsOf, flagOf, graceOf, methodsOf, patternsOf, signalOf };
