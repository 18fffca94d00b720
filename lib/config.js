'use strict';

// Options and environment, checked before anything is started. Errors name the
// option or variable.

const { hasOwn } = require('./compat/objects');
const { hint, kindOf } = require('./words');

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
 * What channels and servers have in common. `maxMessageBytes` sets both
 * limits; -1 is no limit.
 *
 * @param {string} owner
 * @param {Record<string, any>} options
 */
function transportOptions(owner, options) {
  const both = numberOption(owner, options, 'maxMessageBytes');
  return {
    maxReceiveBytes: numberOption(owner, options, 'maxReceiveBytes') ?? both,
    maxSendBytes: numberOption(owner, options, 'maxSendBytes') ?? both,
    maxMetadataBytes: numberOption(owner, options, 'maxMetadataBytes'),
    keepaliveMs: keepaliveOption(owner, options),
    keepaliveTimeoutMs: numberOption(owner, options, 'keepaliveTimeoutMs', { min: 1 }),
  };
}

/** Pings that come more often find nothing that these do not, and peers object. */
const KEEPALIVE_FLOOR_MS = 1000;

/**
 * @param {string} owner
 * @param {Record<string, any>} options
 */
function keepaliveOption(owner, options) {
  const every = numberOption(owner, options, 'keepaliveMs', { min: 0 });
  if (every === null || every === 0 || every >= KEEPALIVE_FLOOR_MS) return every;
  throw new TypeError(`${owner}: option keepaliveMs must be 0 for no pings, or at least ${KEEPALIVE_FLOOR_MS}, not ${every}`);
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
 * A switch. By default its environment variable decides: on, unless it is empty, 0 or false.
 *
 * @param {string} owner
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {string} variable
 * @returns {boolean}
 */
function switchOption(owner, options, name, variable) {
  const value = options[name];
  if (typeof value === 'boolean') return value;
  if (value == null) return !['', '0', 'false'].includes(process.env[variable] ?? '');
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

/** The least that a process may be allowed to hold for its peers, in bytes: less would refuse what is no flood. */
const LEAST_BUFFERED = 1024 * 1024;

/** @param {unknown} bytes */
const isBufferedBound = (bytes) => typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= LEAST_BUFFERED;

/** @returns {number | null} what the environment says that the process may hold, if it says something */
function maxBufferedOfEnvironment() {
  const value = process.env.OWT_GRPC_MAX_BUFFERED_BYTES;
  if (!value) return null;
  if (isBufferedBound(Number(value))) return Number(value);
  throw new TypeError(`OWT_GRPC_MAX_BUFFERED_BYTES must be a whole number of bytes, at least ${LEAST_BUFFERED}, not ${value}`);
}

/**
 * The type's contract.
 *
 * @param {string} type OWT's name, or the full name of a standard service
 * @returns {import('./codec-runtime').World}
 */
function worldOf(type) {
  /** @type {Record<string, import('./codec-runtime').World>} */
  const codec = require('./codec');
  if (typeof type === 'string') {
    if (hasOwn(codec, type)) return codec[type];
    /** @type {Record<string, import('./codec-runtime').World>} */
    const standard = require('./codec/standard');
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
  const { service } = worldOf(type);
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
  /** @type {Record<string, import('./codec-runtime').World>} */
  const codec = require('./codec');
  return (hasOwn(codec, name) && codec[name].service?.name) || name;
}

module.exports = {
  LEAST_BUFFERED,
  checkedOptions,
  flagOption,
  fullNameOf,
  graceOf,
  isBufferedBound,
  maxBufferedOfEnvironment,
  numberOption,
  serviceOf,
  switchOption,
  transportOptions,
  worldOf,
};
