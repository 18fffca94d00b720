'use strict';

/**
 * `Object.hasOwn`, which came with Node.js 16.9.
 *
 * @param {object} object
 * @param {PropertyKey} key
 * @returns {boolean}
 */
function hasOwn(object, key) {
  return Object.prototype.hasOwnProperty.call(object, key);
}

/**
 * `list.at(-1)`, which came with Node.js 16.6.
 *
 * @template T
 * @param {ArrayLike<T>} list
 * @returns {T | undefined}
 */
function lastOf(list) {
  return list[list.length - 1];
}

module.exports = { hasOwn, lastOf };
