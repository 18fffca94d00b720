'use strict';

// The one class that a failed call becomes.

const { statusNames } = require('../common/status');
const { Metadata } = require('./metadata');

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
    super(`${[code, statusNames[code]].filter((part) => part !== undefined).join(' ')}: ${details}`);
    this.code = code;
    this.details = details;
    this.metadata = metadata;
  }
}
// On the prototype, as for Error itself: an own `name` would be enumerated.
Object.defineProperty(RpcError.prototype, 'name', { value: 'RpcError', configurable: true, writable: true });

module.exports = { RpcError };
