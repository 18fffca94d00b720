'use strict';

// remoteCall and remoteCast, with OWT's callbacks.

const { nextTick, now } = require('../../common/clock');
const { TIMEOUTS, describe } = require('../../bus/errors');
const { fits } = require('../../bus/names');
const { hasOwn } = require('../../common/compat/objects');
const { WARN, log } = require('../../common/log');
const { messageOf, textOf } = require('../../common/errors');
const { capture, within } = require('../../observability/tracing');
const { callOf } = require('./callbacks');

const DEFAULT_TIMEOUT = 2000;

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
    this.since = now();
    this.place = capture();
    this.many = false;
    for (const kind of kindsOf(this.callbacks)) if (kind !== 'callback') this.many = true;
  }

  /**
   * @param {string} kind
   * @param {any} data
   * @param {any} err
   */
  onReply(kind, data, err) {
    const name = kind === '' ? 'callback' : kind;
    const read = () => (hasOwn(this.callbacks, name) ? this.callbacks[name] : undefined);
    within(this.place, () => callOf(`reply of ${this.to}.${this.method}`, read, [data, err]));
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
      for (const kind of kindsOf(this.callbacks)) callOf(`end of ${this.to}.${this.method}`, () => this.callbacks[kind], args);
    });
  }
}

/**
 * What could hear of a call. Reading a member may throw: it counts as one.
 *
 * @param {Record<string, any>} callbacks
 * @returns {string[]}
 */
function kindsOf(callbacks) {
  try {
    return Object.keys(callbacks);
  } catch (_error) {
    return [];
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
    const id = typeof to === 'string' && fits(to) ? to : '';
    const pending = new PendingCall(textOf(to), textOf(method), callbacks);
    if (!connection.isOpen) {
      nextTick(() => pending.tellAll('error', 'rpc client is not ready'));
      return;
    }
    const wanted = typeof timeout === 'object' ? NaN : Number(timeout);
    const ms = wanted > 0 ? Math.min(wanted, 0x7fffffff) : DEFAULT_TIMEOUT;
    try {
      connection.call(id, pending.method, args ?? [], ms, pending);
    } catch (error) {
      const reason = `${pending.to}.${pending.method}: the arguments cannot be sent: ${messageOf(error)}`;
      log(WARN, reason);
      nextTick(() => pending.tellAll('error', reason));
    }
  }

  /**
   * @param {string} to
   * @param {string} method
   * @param {any[]} [args]
   */
  remoteCast(to, method, args) {
    if (!this.connection.isOpen || typeof to !== 'string' || !fits(to)) return;
    try {
      this.connection.cast(to, textOf(method), args ?? []);
    } catch (error) {
      log(WARN, `${to}.${textOf(method)}: the arguments cannot be sent: ${messageOf(error)}`);
    }
  }
}

module.exports = { RpcClient };
