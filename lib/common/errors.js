'use strict';

// What was thrown, in words.
//
// What handlers throw may be anything, also what throws when it is looked at: it
// has a text all the same, and whoever waits is answered.

const INDESCRIBABLE = 'something that cannot be described';

/**
 * @param {() => unknown} look
 * @returns {string}
 */
function described(look) {
  try {
    return String(look());
  } catch (_error) {
    return INDESCRIBABLE;
  }
}

/**
 * @param {unknown} value
 * @param {Function} kind a class
 */
function isOfKind(value, kind) {
  try {
    return value instanceof kind;
  } catch (_error) {
    return false;
  }
}

/** @param {unknown} value */
const isError = (value) => isOfKind(value, Error);

/** @param {unknown} value */
const textOf = (value) => described(() => value);

/** @param {unknown} error */
const messageOf = (error) => described(() => (error instanceof Error ? error.message : error));

/** What a log says of it. @param {unknown} error */
const stackOf = (error) => described(() => (error instanceof Error ? error.stack : error));

/**
 * What the system calls an error, such as EACCES. What Deno does not permit has no
 * such name, but says which permission is missing.
 *
 * @param {unknown} error
 */
function codeOf(error) {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error ? String(error.code) : error.message;
}

module.exports = { codeOf, isError, isOfKind, messageOf, stackOf, textOf };
