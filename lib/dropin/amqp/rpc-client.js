'use strict';

// remoteCall and remoteCast, with OWT's callbacks.

const { performance } = require('node:perf_hooks');
const { TIMEOUTS, describe } = require('../../bus/errors');
const { hasOwn } = require('../../compat/objects');
const { WARN, log } = require('../../log');
const { messageOf } = require('../../errors');
const { capture, within } = require('../../seeing/tracing');
const { call } = require('./callbacks');

const DEFAULT_TIMEOUT = 2000;
const LONGEST_ID = 255;

/** @typedef {Record<string, any> | undefined | null} Callbacks */

/**
 * One call of OWT's: every function of `callbacks` hears of a failure, the one
 * named like a reply's kind hears of the reply.
 */
class PendingCall {
  /**
   * @param {string} to
   * @param {string} method
   * @param {Callbacks} callbacks
   */
  constructor(to, method, callbacks) {
    this.to = to;
    this.method = method;
    this.callbacks = callbacks ?? {};
    this.since = performance.now();
    this.place = capture();
    this.many = false;
    for (const kind in this.callbacks) {
      if (kind !== 'callback' && typeof this.callbacks[kind] === 'function') this.many = true;
    }
  }

  /**
   * @param {string} kind
   * @param {any} data
   * @param {any} err
   */
  onReply(kind, data, err) {
    const name = kind === '' ? 'callback' : kind;
    if (!hasOwn(this.callbacks, name)) return;
    within(this.place, () => call(`reply of ${this.to}.${this.method}`, this.callbacks[name], data, err));
  }

  /**
   * @param {number} why
   * @param {string} detail
   */
  onFailed(why, detail) {
    const { message } = describe(why, detail, this);
    log(WARN, message);
    if (TIMEOUTS.includes(why)) this.tellAll('timeout');
    else this.tellAll('error', message);
  }

  /** @param {...any} args */
  tellAll(...args) {
    within(this.place, () => {
      for (const callback of Object.values(this.callbacks)) call(`end of ${this.to}.${this.method}`, callback, ...args);
    });
  }
}

class RpcClient {
  /** @param {any} bus the client it belongs to */
  constructor(bus) {
    this.bus = bus;
    this.connection = bus.connection;
  }

  /**
   * @param {string} to
   * @param {string} method
   * @param {any[]} [args]
   * @param {Callbacks} [callbacks]
   * @param {number} [timeout] ms
   */
  remoteCall(to, method, args, callbacks, timeout) {
    const { connection } = this;
    const id = typeof to === 'string' && to.length <= LONGEST_ID ? to : '';
    const pending = new PendingCall(String(to), String(method), callbacks);
    if (!connection.isOpen) {
      process.nextTick(() => pending.tellAll('error', 'rpc client is not ready'));
      return;
    }
    const ms = Number(timeout) > 0 ? Math.min(Number(timeout), 0x7fffffff) : DEFAULT_TIMEOUT;
    try {
      connection.call(id, String(method), args ?? [], ms, pending);
    } catch (error) {
      const reason = `${to}.${method}: the arguments cannot be sent: ${messageOf(error)}`;
      log(WARN, reason);
      process.nextTick(() => pending.tellAll('error', reason));
    }
  }

  /**
   * @param {string} to
   * @param {string} method
   * @param {any[]} [args]
   */
  remoteCast(to, method, args) {
    if (!this.connection.isOpen || typeof to !== 'string' || to.length > LONGEST_ID) return;
    try {
      this.connection.cast(to, String(method), args ?? []);
    } catch (error) {
      log(WARN, `${to}.${method}: the arguments cannot be sent: ${messageOf(error)}`);
    }
  }
}

module.exports = { RpcClient };
