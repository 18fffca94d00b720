'use strict';

// One member of the bus, as both surfaces use it: requests out, events in.
// body.js says what bodies are.

const { inspect } = require('node:util');
const { getBridge } = require('../crossing/bridge');
const { CallTable } = require('../crossing/call-table');
const { BusState, Event } = require('../crossing/records');
const { WARN, log } = require('../log');
const { messageOf } = require('../errors');
const { BUS_CALL, BUS_REQUEST, giveInTrace, traceOf } = require('../seeing/roles');
const { BusOutcome, BusTally, allBuses } = require('../seeing/tally');
const { toText } = require('../seeing/w3c');
const { encode } = require('./body');
const { Calls } = require('./calls');
const { Commands } = require('./commands');
const { revealed } = require('./etcd');
const { Request, readMessage } = require('./records');

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
    this.commands = new Commands(this.bridge.outbox, this.number);
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
    const trace = report.trace === null ? '' : toText(report.trace);
    try {
      report.sent(this.commands.call({ number, timeout, trace, to, method, body, many: receiver.many }));
    } catch (error) {
      this.calls.abandon(number, messageOf(error));
      throw error;
    }
    return number;
  }

  /** @param {number} number */
  cancel(number) {
    if (this.calls.cancel(number)) this.commands.cancel(number);
  }

  /**
   * @param {string} to
   * @param {string} method
   * @param {any[]} args
   */
  cast(to, method, args) {
    const body = encode(args) ?? '';
    this.commands.cast(traceOf('bus.cast', { id: to, method, member: this.member }), to, method, body);
    this.tally.casts++;
    allBuses.casts++;
  }

  /**
   * @param {string} exchange
   * @param {string} key
   * @param {import('./body').Body} body
   */
  publish(exchange, key, body) {
    this.commands.publish(traceOf('bus.publish', { exchange, routingKey: key, member: this.member }), exchange, key, body);
    this.tally.published++;
    allBuses.published++;
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
    let length;
    try {
      const body = encode({ data, err: err instanceof Error ? err.message : err }) ?? '';
      length = this.commands.reply(request, kind, body, failed);
    } catch (error) {
      failed = true;
      kind = '';
      err = `The reply cannot be sent: ${messageOf(error)}`;
      length = this.commands.reply(request, kind, JSON.stringify({ data: 'error', err }), failed);
    }
    request.report?.sent(length);
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
   * Asks for what is to come into effect. Throws what asking throws.
   *
   * @param {(number: number) => void} ask
   * @returns {Promise<any>} true if it has while this member was open
   */
  request(ask) {
    const number = this.nextRequest++;
    ask(number);
    return new Promise((resolve) => this.requests.set(number, resolve));
  }

  /**
   * @param {string} id
   * @param {(request: Request) => void} handler
   * @returns {Promise<boolean>} when everybody knows; false if this member left before
   */
  serve(id, handler) {
    const done = this.request((number) => this.commands.serve(number, id, false));
    this.served.set(id, handler);
    return done;
  }

  /**
   * Requests come until everybody knows.
   *
   * @param {string} id
   * @param {(request: Request) => void} handler
   */
  async stopServing(id, handler) {
    if (this.served.get(id) !== handler || this.closing !== null) return;
    await this.request((number) => this.commands.serve(number, id, true));
    if (this.served.get(id) === handler) this.served.delete(id);
  }

  /**
   * @param {string} exchange
   * @param {string[]} patterns
   * @param {(key: string, body: import('./body').Body, trace: string) => void} handler
   * @returns {{ number: number, done: Promise<boolean> }} done when everybody knows; false if this member left before
   */
  subscribe(exchange, patterns, handler) {
    const number = this.nextSubscription++;
    const done = this.request((request) => this.commands.subscribe(request, number, exchange, patterns, false));
    this.subscriptions.set(number, handler);
    return { number, done };
  }

  /**
   * @param {number} number
   * @param {string} exchange
   * @param {string[]} patterns
   * @param {boolean} isLast no pattern is left
   */
  unsubscribe(number, exchange, patterns, isLast) {
    if (isLast) this.subscriptions.delete(number);
    if (this.closing !== null) return Promise.resolve();
    return this.request((request) => this.commands.subscribe(request, number, exchange, patterns, true));
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
    return this.request((number) => this.commands.status(number));
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
      this.commands.leave();
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
