'use strict';

// Topic messages as an async iterable.

const { performance } = require('node:perf_hooks');
const { reasonOf, throwIfAborted } = require('../common/compat/abort');
const { decode } = require('./body');
const { signalOf } = require('./checks');
const { Queue } = require('./queue');
const { Spells } = require('./spells');
const { checkedOptions, numberOption } = require('../common/options');
const { WARN, log } = require('../common/log');
const { fromText, valid } = require('../observability/trace-context');
const { onAbort } = require('../common/signal');

const MAX_WAITING = 10_000;

/** @typedef {import('./connection').Subscriber} Subscriber */
/** @typedef {{ routingKey: string, data: any, trace?: import('../observability/trace-context').Carrier }} Message */

/**
 * Iterating it gives what is published from `ready` on. Leaving the loop ends
 * the subscription. When more than `maxWaiting` messages wait, the oldest go.
 * `await` on it waits until it is ready.
 *
 * @implements {AsyncIterableIterator<Message>}
 * @implements {Subscriber}
 */
class Subscription {
  /**
   * @param {import('./connection').BusConnection} connection
   * @param {string} exchange
   * @param {string[]} patterns
   * @param {{ maxWaiting?: number, signal?: AbortSignal }} [options]
   */
  constructor(connection, exchange, patterns, options) {
    const checked = checkedOptions('bus.subscribe', options, ['maxWaiting', 'signal']);
    this.maxWaiting = numberOption('bus.subscribe', checked, 'maxWaiting', { min: 1 }) ?? MAX_WAITING;
    const signal = signalOf('bus.subscribe', checked.signal);
    if (signal) throwIfAborted(signal);
    this.connection = connection;
    this.exchange = exchange;
    this.patterns = patterns;
    /** @type {Queue<Message>} */
    this.waiting = new Queue();
    /** @type {Queue<{ resolve: (result: IteratorResult<Message>) => void, reject: (why: unknown) => void }>} */
    this.takers = new Queue();
    this.dropped = 0;
    this.losses = new Spells();
    this.ended = false;
    /** What a read ends with when the signal has fired. @type {{ why: unknown } | null} */
    this.failure = null;
    /** @type {() => void} */
    this.stopListening = () => {};
    const { number, done } = connection.subscribe(exchange, patterns, this);
    this.number = number;
    /** @type {Promise<void>} when every member knows of it */
    this.ready = done.then(() => {}, (why) => {
      this.fail(why);
      throw why;
    });
    // Whoever reads hears of it, too.
    this.ready.catch(() => {});
    if (signal) this.listenTo(signal);
    // What it is awaited for is itself, which then is nothing to be awaited any more.
    const then = (/** @type {any} */ onReady, /** @type {any} */ onError) =>
      this.ready.then(() => {
        Object.defineProperty(this, 'then', { value: undefined });
        if (this.failure !== null) throw this.failure.why;
        return this;
      }).then(onReady, onError);
    Object.defineProperty(this, 'then', { value: then, configurable: true });
  }

  /**
   * @param {string} routingKey
   * @param {import('./body').Body} body
   * @param {string} trace of the publisher: a loop has a context of its own, so it is told
   */
  arrived(routingKey, body, trace) {
    /** @type {Message} */
    const message = { routingKey, data: decode(body) };
    const sent = trace === '' ? null : valid(fromText(trace));
    if (sent !== null) message.trace = sent;
    const taker = this.takers.shift();
    if (taker !== undefined) {
      taker.resolve({ value: message, done: false });
      return;
    }
    this.waiting.push(message);
    if (this.waiting.length <= this.maxWaiting) return;
    this.waiting.shift();
    this.dropped++;
    if (this.losses.happened(performance.now())) log(WARN, `bus: ${this.maxWaiting} messages of ${this.exchange} wait to be read: the oldest are dropped`);
  }

  /** Nothing waits any more, of what some was dropped. */
  caughtUp() {
    const count = this.losses.over(performance.now());
    if (count > 0) log(WARN, `bus: ${count} messages of ${this.exchange} were dropped before the others were read`);
  }

  /** @returns {Promise<IteratorResult<Message>>} */
  next() {
    const message = this.waiting.shift();
    if (this.losses.count > 0 && this.waiting.length === 0) this.caughtUp();
    if (message !== undefined) return Promise.resolve({ value: message, done: false });
    const { failure } = this;
    this.failure = null;
    if (failure !== null) return Promise.reject(failure.why);
    if (this.ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => this.takers.push({ resolve, reject }));
  }

  /** Nothing follows: it was ended, or the member has left. */
  end() {
    this.ended = true;
    this.stopListening();
    let taker;
    while ((taker = this.takers.shift()) !== undefined) taker.resolve({ value: undefined, done: true });
  }

  /**
   * When it fires nothing more is handed out, and whoever reads hears of it at once.
   *
   * @param {AbortSignal} signal
   */
  listenTo(signal) {
    this.stopListening = onAbort(signal, () => this.fail(reasonOf(signal)));
  }

  /**
   * Ends, and whoever reads hears why.
   *
   * @param {unknown} why
   */
  fail(why) {
    const taker = this.takers.shift();
    if (taker === undefined) this.failure = { why };
    else taker.reject(why);
    void this.return();
  }

  /** @returns {Promise<IteratorResult<Message>>} */
  async return() {
    if (!this.ended) {
      this.end();
      this.waiting.clear();
      this.caughtUp();
      await this.connection.unsubscribe(this.number, this.exchange, this.patterns, true);
    }
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

module.exports = { Subscription };
