'use strict';

// AbortController and what belongs to it, from Node.js 14.18 on: the global is
// missing before 15, `reason` and `timeout()` came with 16.14. Where Node has
// them they are what is used.

const { nextTick, setTimeout } = require('../clock');

/**
 * What `signal.reason` is when nobody gave one. The name is what callers look at;
 * the code is that of a DOMException.
 *
 * @param {string} [name]
 * @param {string} [message]
 */
function reason(name = 'AbortError', message = 'This operation was aborted') {
  const error = new Error(message);
  error.name = name;
  return Object.assign(error, { code: name === 'AbortError' ? 20 : 23 });
}

/** The part of AbortSignal that this package and its users' handlers need, for Node.js 14. */
class OwnSignal {
  constructor() {
    this.aborted = false;
    /** @type {unknown} */
    this.reason = undefined;
    /** @type {((event: { type: 'abort', target: OwnSignal }) => void) | null} */
    this.onabort = null;
    /** @type {Map<any, boolean>} listeners, and whether each is to be called once */
    this.listeners = new Map();
  }

  /**
   * @param {string} type
   * @param {any} listener a function, or an object with handleEvent
   * @param {{ once?: boolean } | boolean} [options]
   */
  addEventListener(type, listener, options) {
    if (type !== 'abort' || listener == null || this.listeners.has(listener)) return;
    this.listeners.set(listener, typeof options === 'object' && options !== null && options.once === true);
  }

  /** @param {string} type @param {any} listener */
  removeEventListener(type, listener) {
    if (type === 'abort') this.listeners.delete(listener);
  }

  throwIfAborted() {
    if (this.aborted) throw this.reason;
  }

  /** @param {unknown} why */
  abort(why) {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = why;
    const event = { type: /** @type {const} */ ('abort'), target: this };
    if (typeof this.onabort === 'function') call(this, this.onabort, event);
    for (const [listener, once] of [...this.listeners]) {
      if (!this.listeners.has(listener)) continue;
      if (once) this.listeners.delete(listener);
      call(this, listener, event);
    }
  }
}

/**
 * As in Node's own, a listener that throws keeps no other from being called, and
 * its exception is nobody's to catch.
 *
 * @param {OwnSignal} signal
 * @param {any} listener
 * @param {object} event
 */
function call(signal, listener, event) {
  try {
    if (typeof listener === 'function') listener.call(signal, event);
    else listener.handleEvent(event);
  } catch (error) {
    nextTick(() => {
      throw error;
    });
  }
}

class OwnController {
  constructor() {
    this.signal = new OwnSignal();
  }

  /** @param {unknown} [why] */
  abort(why = reason()) {
    this.signal.abort(why);
  }
}

/** @type {new () => { readonly signal: AbortSignal, abort(why?: unknown): void }} */
const Controller = /** @type {any} */ (globalThis).AbortController ?? OwnController;

/**
 * A signal that fires by itself. It keeps no process alive.
 *
 * @param {number} ms
 * @returns {AbortSignal}
 */
function timeoutSignal(ms) {
  const native = /** @type {any} */ (globalThis).AbortSignal;
  // eslint-disable-next-line n/no-unsupported-features/node-builtins -- used where it is there
  if (typeof native?.timeout === 'function') return native.timeout(ms);
  const controller = new Controller();
  setTimeout(() => controller.abort(reason('TimeoutError', 'The operation was aborted due to timeout')), ms).unref();
  return controller.signal;
}

/**
 * Why a signal has fired, also where signals do not know it.
 *
 * @param {any} signal
 * @returns {unknown}
 */
function reasonOf(signal) {
  return signal.reason === undefined ? reason() : signal.reason;
}

/** @param {any} signal */
function throwIfAborted(signal) {
  if (signal.aborted) throw reasonOf(signal);
}

module.exports = { AbortController: Controller, OwnController, reasonOf, throwIfAborted, timeoutSignal };
