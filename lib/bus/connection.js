'use strict';

// One member of the bus, as both surfaces use it: requests out, events in.
// body.js says what bodies are.

const { inspect } = require('node:util');
const { getBridge } = require('../crossing/bridge');
const { CallTable } = require('../crossing/call-table');
const { BusState, Command, Event } = require('../crossing/records');
const { WARN, log } = require('../log');
const { messageOf } = require('../errors');
const { BUS_CALL, BUS_REQUEST, giveInTrace, traceOf } = require('../seeing/roles');
const { BusOutcome, BusTally, allBuses } = require('../seeing/tally');
const { toText } = require('../seeing/w3c');
const { encode, write } = require('./body');
const { Calls } = require('./calls');
const { revealed } = require('./etcd');
const { FLAG, Request, TRACED, readMessage } = require('./records');

/** @typedef {import('./calls').CallReceiver} CallReceiver */
/** @typedef {{ onJoined: () => void, onParted: (why: string) => void, onRefused: (why: string) => void }} Listener */

class BusConnection {
  /**
   * @param {ReturnType<import('./config').busOptions>} options
   * @param {Listener} listener
   */
  constructor(options, listener) {
    this.bridge = getBridge();
    this.member = options.name;
    this.registry = options.registry;
    this.listener = listener;
    this.number = this.bridge.nextBus++;
    this.calls = new Calls();
    /** @type {Map<number, (value: any) => void>} */
    this.requests = new Map();
    this.nextRequest = 1;
    this.tally = new BusTally();
    /** Requests that have not ended. @type {CallTable<Request>} */
    this.open = new CallTable();
    /** @type {Map<string, (request: Request) => void>} */
    this.served = new Map();
    /** @type {Map<number, (key: string, body: import('./body').Body, trace: string) => void>} */
    this.subscriptions = new Map();
    this.nextSubscription = 1;
    /** Has been in, whether or not the registry is there now. */
    this.joined = false;
    /** @type {Promise<void> | null} */
    this.closing = null;
    /** @type {() => void} */
    this.onLeft = () => {};
    /** @type {Promise<void>} */
    this.left = new Promise((resolve) => {
      this.onLeft = resolve;
    });
    const { serving, dialing, dialingEtcd, etcd, ...rest } = options;
    /** Held, so that they are kept current. */
    this.credentials = [serving, dialing, dialingEtcd];
    this.bridge.native.openBus(this.number, { ...rest, etcd: revealed(etcd) }, serving?.native, dialing?.native, dialingEtcd?.native);
    this.bridge.buses.set(this.number, this);
    this.bridge.acquire();
  }

  /** Whether requests can be made. */
  get isOpen() {
    return this.joined && this.closing === null;
  }

  /**
   * @param {number} op
   * @param {number} [flags]
   */
  record(op, flags = 0) {
    return this.bridge.outbox.start(op, flags, this.number);
  }

  /**
   * Throws what JSON.stringify throws.
   *
   * @param {string} to
   * @param {string} method
   * @param {any[]} args
   * @param {number} timeout ms
   * @param {CallReceiver} receiver
   * @returns {number} the call's number
   */
  call(to, method, args, timeout, receiver) {
    const body = encode(args) ?? '';
    const number = this.calls.add(receiver);
    const report = BUS_CALL.begin(this.tally.calls, allBuses.calls, { id: to, method, member: this.member });
    receiver.report = report;
    const { trace } = report;
    const { outbox } = this.bridge;
    const start = this.record(Command.BUS_CALL, (receiver.many ? FLAG : 0) | (trace === null ? 0 : TRACED));
    outbox.u32(number);
    outbox.u32(timeout);
    if (trace !== null) outbox.text(toText(trace));
    outbox.text(to);
    outbox.text(method);
    report.sent(write(outbox, body));
    outbox.finish(start);
    return number;
  }

  /** @param {number} number */
  cancel(number) {
    if (!this.calls.cancel(number)) return;
    const start = this.record(Command.BUS_CANCEL);
    this.bridge.outbox.u32(number);
    this.bridge.outbox.finish(start);
  }

  /**
   * @param {string} to
   * @param {string} method
   * @param {any[]} args
   */
  cast(to, method, args) {
    const body = encode(args) ?? '';
    this.tally.casts++;
    allBuses.casts++;
    this.send(Command.BUS_CAST, to, method, body, traceOf('bus.cast', { id: to, method, member: this.member }));
  }

  /**
   * @param {string} exchange
   * @param {string} key
   * @param {import('./body').Body} body
   */
  publish(exchange, key, body) {
    this.tally.published++;
    allBuses.published++;
    this.send(Command.BUS_PUBLISH, exchange, key, body, traceOf('bus.publish', { exchange, routingKey: key, member: this.member }));
  }

  /**
   * @param {number} op
   * @param {string} first
   * @param {string} second
   * @param {import('./body').Body} body
   * @param {string} trace empty for none
   */
  send(op, first, second, body, trace) {
    const { outbox } = this.bridge;
    const start = this.record(op, trace === '' ? 0 : TRACED);
    if (trace !== '') outbox.text(trace);
    outbox.text(first);
    outbox.text(second);
    write(outbox, body);
    outbox.finish(start);
  }

  /**
   * @param {Request} request
   * @param {string} kind '' for the last reply
   * @param {any} data
   * @param {any} err
   * @param {boolean} failed
   */
  reply(request, kind, data, err, failed) {
    if (this.closing !== null && !this.bridge.buses.has(this.number)) return;
    let body;
    try {
      body = encode({ data, err: err instanceof Error ? err.message : err }) ?? '';
    } catch (error) {
      failed = true;
      kind = '';
      body = JSON.stringify({ data: 'error', err: `The reply cannot be sent: ${messageOf(error)}` });
    }
    const { outbox } = this.bridge;
    const start = this.record(Command.BUS_REPLY, failed ? FLAG : 0);
    outbox.u32(request.peer);
    outbox.u32(request.call);
    outbox.text(kind);
    const length = write(outbox, body);
    request.report?.sent(length);
    outbox.finish(start);
    if (kind === '') this.ended(request, failed, failed ? String(err ?? data) : '');
  }

  /**
   * A request has been handled.
   *
   * @param {Request} request
   * @param {boolean} failed
   * @param {string} why
   */
  ended(request, failed, why) {
    this.open.delete(request.number);
    request.report?.endBus(failed ? BusOutcome.HANDLER : BusOutcome.OK, why);
  }

  /**
   * @returns {{ number: number, done: Promise<any> }} for what is to come into
   *   effect: true if it has while this member was open
   */
  request() {
    const number = this.nextRequest++;
    const done = new Promise((resolve) => this.requests.set(number, resolve));
    return { number, done };
  }

  /**
   * @param {string} id
   * @param {(request: Request) => void} handler
   * @returns {Promise<boolean>} when everybody knows; false if this member left before
   */
  serve(id, handler) {
    this.served.set(id, handler);
    return this.serving(id, 0);
  }

  /**
   * Requests come until everybody knows.
   *
   * @param {string} id
   * @param {(request: Request) => void} handler
   */
  async stopServing(id, handler) {
    if (this.served.get(id) !== handler || this.closing !== null) return;
    await this.serving(id, FLAG);
    if (this.served.get(id) === handler) this.served.delete(id);
  }

  /**
   * @param {string} id
   * @param {number} flags
   */
  serving(id, flags) {
    const { number, done } = this.request();
    const start = this.record(Command.BUS_SERVE, flags);
    this.bridge.outbox.u32(number);
    this.bridge.outbox.text(id);
    this.bridge.outbox.finish(start);
    return done;
  }

  /**
   * @param {string} exchange
   * @param {string[]} patterns
   * @param {(key: string, body: import('./body').Body, trace: string) => void} handler
   * @returns {{ number: number, done: Promise<boolean> }} done when everybody knows; false if this member left before
   */
  subscribe(exchange, patterns, handler) {
    const number = this.nextSubscription++;
    this.subscriptions.set(number, handler);
    return { number, done: this.subscribing(number, exchange, patterns, 0) };
  }

  /**
   * @param {number} number
   * @param {string} exchange
   * @param {string[]} patterns
   * @param {boolean} isLast no pattern is left
   */
  unsubscribe(number, exchange, patterns, isLast) {
    if (isLast) this.subscriptions.delete(number);
    return this.closing === null ? this.subscribing(number, exchange, patterns, FLAG) : Promise.resolve();
  }

  /**
   * @param {number} subscription
   * @param {string} exchange
   * @param {string[]} patterns
   * @param {number} flags
   */
  subscribing(subscription, exchange, patterns, flags) {
    const { number, done } = this.request();
    const { outbox } = this.bridge;
    const start = this.record(Command.BUS_SUBSCRIBE, flags);
    outbox.u32(number);
    outbox.u32(subscription);
    outbox.text(exchange);
    for (const pattern of patterns) outbox.text(pattern);
    outbox.finish(start);
    return done;
  }

  /** @returns {Promise<any>} what BusStatus in index.d.ts says; null when closed */
  async status() {
    const status = await this.nativeStatus();
    if (status === null) return null;
    const { calls, requests, casts, published, received, joined } = this.tally;
    return { ...status, joined, calls: calls.counts(), requests: requests.counts(), casts, published, received };
  }

  /** @returns {Promise<any>} see src/bus/member/status.rs; null when closed */
  nativeStatus() {
    if (this.closing !== null) return Promise.resolve(null);
    const { number, done } = this.request();
    const start = this.record(Command.BUS_STATUS);
    this.bridge.outbox.u32(number);
    this.bridge.outbox.finish(start);
    return done;
  }

  /**
   * Leaves. What was sent before goes out; what is pending fails. Bounded on the
   * native side.
   *
   * @returns {Promise<void>}
   */
  close() {
    if (this.closing === null) {
      // What only the native side has counted goes with it.
      void this.nativeStatus().then((last) => last !== null && allBuses.keep(last));
      this.closing = this.left;
      this.bridge.outbox.finish(this.record(Command.BUS_LEAVE));
      // Whoever calls process.exit() next has no turn left to flush in.
      this.bridge.outbox.flush();
    }
    return this.closing;
  }

  /**
   * @param {number} op
   * @param {number} flags
   * @param {Buffer} buf
   * @param {number} start
   * @param {number} end
   * @param {string[] | null} outside see body.js
   */
  onRecord(op, flags, buf, start, end, outside) {
    switch (op) {
      case Event.BUS_REPLY:
        this.calls.onReply(flags, buf, start, end, outside);
        break;
      case Event.BUS_REQUEST:
        this.onRequest(new Request(flags, buf, start, end, outside, this.member));
        break;
      case Event.BUS_MESSAGE:
        this.onMessage(readMessage(flags, buf, start, end, outside));
        break;
      case Event.BUS_FAILED:
        this.calls.onFailed(buf, start, end);
        break;
      case Event.BUS_DONE:
        this.settle(buf.readUInt32LE(start), this.closing === null);
        break;
      case Event.BUS_STATUS:
        this.settle(buf.readUInt32LE(start), JSON.parse(buf.utf8Slice(start + 4, end)));
        break;
      case Event.BUS_STATE:
        this.onState(buf.readUInt32LE(start), buf.utf8Slice(start + 4, end));
        break;
      default:
        log(WARN, `event ${op} is not known: addon and JS are of different versions`);
    }
  }

  /**
   * @param {number} number
   * @param {any} value
   */
  settle(number, value) {
    const resolve = this.requests.get(number);
    this.requests.delete(number);
    resolve?.(value);
  }

  /** @param {import('./records').Request} request */
  onRequest(request) {
    const { id, bytes, isCall } = request;
    const report = BUS_REQUEST.begin(this.tally.requests, allBuses.requests, request);
    report.received(bytes);
    request.report = report;
    request.number = this.open.add(request);
    const handler = this.served.get(id);
    if (handler !== undefined) report.run(() => handler(request));
    else if (isCall) this.reply(request, '', 'error', `${id} is not served here any more`, true);
    else this.ended(request, true, `${id} is not served here any more`);
  }

  /** @param {ReturnType<typeof readMessage>} message */
  onMessage({ subscriptions, routingKey, body, trace }) {
    this.tally.received++;
    allBuses.received++;
    giveInTrace(trace, { routingKey, member: this.member }, () => {
      for (const number of subscriptions) this.subscriptions.get(number)?.(routingKey, body, trace);
    });
  }

  /**
   * @param {number} state
   * @param {string} why
   */
  onState(state, why) {
    if (state === BusState.JOINED) {
      this.joined = true;
      this.tally.joined++;
      allBuses.joined++;
      this.listener.onJoined();
    } else if (state === BusState.PARTED) {
      // One that leaves and was its host has asked for that.
      if (this.closing === null) this.listener.onParted(why);
    } else if (state === BusState.REFUSED) {
      this.listener.onRefused(why);
    } else {
      this.bridge.buses.delete(this.number);
      this.bridge.release();
      for (const credentials of this.credentials) credentials?.release();
      const why = 'This member has left the bus';
      for (const { report } of this.open.values()) report?.endBus(BusOutcome.CLOSED, why);
      this.calls.close(why);
      for (const resolve of this.requests.values()) resolve(null);
      this.requests.clear();
      this.served.clear();
      this.subscriptions.clear();
      this.onLeft();
    }
  }

  /** What it is in a log: neither buffers nor secrets. */
  [inspect.custom]() {
    return `BusConnection { member: '${this.member}', registry: '${this.registry}' }`;
  }
}

module.exports = { BusConnection };
