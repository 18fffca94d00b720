'use strict';

// Status codes, and the one class that a failed call becomes.

const { Metadata } = require('./metadata');

const status = Object.freeze({
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
});

/** @type {string[]} */
const names = [];
for (const [name, code] of Object.entries(status)) names[code] = name;

/**
 * What a call that did not end with OK fails with.
 */
class RpcError extends Error {
  /**
   * @param {number} code
   * @param {string} details
   * @param {Metadata} [metadata] trailing metadata
   */
  constructor(code, details, metadata = new Metadata()) {
    // gRPC has names for its own codes only; an application may have others.
    super(`${[code, names[code]].filter((part) => part !== undefined).join(' ')}: ${details}`);
    this.code = code;
    this.details = details;
    this.metadata = metadata;
  }
}
// On the prototype, as for Error itself: an own `name` would be enumerated.
Object.defineProperty(RpcError.prototype, 'name', { value: 'RpcError', configurable: true, writable: true });

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

module.exports = { status, statusNames: names, RpcError, isError, isOfKind, messageOf, stackOf, textOf };
