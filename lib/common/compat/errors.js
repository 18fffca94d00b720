'use strict';

// `new Error(text, { cause })` came with Node.js 16.9. Before, the option is
// ignored, and `cause` is printed with an error only if it can be enumerated.

// eslint-disable-next-line es-x/no-error-cause, n/no-unsupported-features/es-syntax -- asked for, not relied on
const isNative = 'cause' in new (/** @type {any} */ (Error))('', { cause: 1 });

/**
 * Gives an error its cause, and returns it.
 *
 * @template {Error} T
 * @param {T} error
 * @param {unknown} cause nothing is set where it is undefined
 * @returns {T}
 */
function withCause(error, cause) {
  if (cause !== undefined) Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true, enumerable: !isNative });
  return error;
}

module.exports = { withCause };
