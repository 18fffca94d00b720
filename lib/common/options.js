'use strict';

// Options, checked before anything is started. Errors name the option.

const { hint } = require('./did-you-mean');
const { isOn } = require('./environment');
const { kindOf } = require('./kind-of');

/**
 * @param {string} owner whose option it is, for the error
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {{ min?: number, max?: number }} [range]
 * @returns {number | null} null when not set
 */
function numberOption(owner, options, name, { min = -1, max = Number.MAX_SAFE_INTEGER } = {}) {
  const value = options[name];
  if (value == null) return null;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new TypeError(`${owner}: option ${name} must be a whole number from ${min} to ${max}, not ${String(value)}`);
}

/**
 * @param {string} owner
 * @param {unknown} options
 * @param {string[]} known
 * @returns {Record<string, any>}
 */
function checkedOptions(owner, options, known) {
  if (options == null) return {};
  if (typeof options !== 'object') throw new TypeError(`${owner}: options must be an object, not ${typeof options}`);
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new TypeError(`${owner}: option ${name} is not known; the options are ${known.join(', ')}${hint(name, known)}`);
    }
  }
  return options;
}

/**
 * A switch. By default its environment variable decides.
 *
 * @param {string} owner
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {import('./environment').Switch} variable
 * @returns {boolean}
 */
function switchOption(owner, options, name, variable) {
  const value = options[name];
  if (typeof value === 'boolean') return value;
  if (value == null) return isOn(variable);
  throw new TypeError(`${owner}: option ${name} must be true or false, not ${String(value)}`);
}

/**
 * @param {string} owner
 * @param {Record<string, any>} options
 * @param {string} name
 */
function flagOption(owner, options, name) {
  const value = options[name];
  if (value == null || typeof value === 'boolean') return value === true;
  throw new TypeError(`${owner}: option ${name} must be true or false, not ${kindOf(value)}`);
}

/** What handlers at work are given to end, in ms, where nothing else is said. */
const GRACE_MS = 5000;

/**
 * @param {string} owner
 * @param {unknown} options
 * @returns {number} ms
 */
function graceOf(owner, options) {
  const checked = checkedOptions(owner, options, ['graceMs']);
  return numberOption(owner, checked, 'graceMs', { min: 0, max: 0x7fffffff }) ?? GRACE_MS;
}

module.exports = { checkedOptions, flagOption, graceOf, numberOption, switchOption };
