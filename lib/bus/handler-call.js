'use strict';

// What a handler may know of its call: `HandlerCall` in index.d.ts.

const { fromText, valid } = require('../observability/trace-context');

class HandlerCall {
  #request;

  /** @param {import('./request').Request} request */
  constructor(request) {
    this.#request = request;
  }

  get id() {
    return this.#request.id;
  }

  get method() {
    return this.#request.method;
  }

  get isCall() {
    return this.#request.isCall;
  }

  get caller() {
    return this.#request.caller;
  }

  get deadline() {
    return this.#request.deadline;
  }

  get signal() {
    return this.#request.signal();
  }

  get trace() {
    const { trace } = this.#request;
    return (trace === '' ? null : valid(fromText(trace))) ?? undefined;
  }

  get traceparent() {
    return this.trace?.traceparent;
  }
}

module.exports = { HandlerCall };
