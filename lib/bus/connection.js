'use strict';

// One member of the bus, as both surfaces use it: requests out, events in.
// body.js says what bodies are.

const { inspect } = require('node:util');
const { getBridge } = require('../crossing/bridge');
const commands = require('../crossing/commands');
const { BusState } = require('../crossing/records');
const { INFO, log } = require('../common/log');
const { messageOf } = require('../common/errors');
const { BUS_CALL, giveInTrace, traceOf } = require('../observability/call-kinds');
const { BusStats, allBuses } = require('../observability/call-stats');
const { serveByEnvironment } = require('../observability/metrics-by-environment');
const { toText } = require('../observability/trace-context');
const { within } = require('./at-work');
const { Awaited } = require('./awaited');
const { encode } = require('./body');
const { Calls } = require('./calls');
const { BusError } = require('./errors');
const { revealed } = require('./etcd');
const { Incoming, Service } = require('./incoming');
const { Request } = require('./request');
const { beside } = require('./secret');
const { nativeSecret, operatorKeys } = require('./secret-keys');

/** The ids of a member, and its patterns: see src/bus/bounds.rs. */
const MOST = 10_000;

/** @typedef {import('./body').Body} Body */
/** @typedef {import('./calls').CallReceiver} CallReceiver */
/**
 * Who hears what is published. The connection holds it until it is unsubscribed or the member has left: whoever waited for
 * `left` instead would be held as long as the connection is.
 *
 * @typedef {object} Subscriber
 * @property {(routingKey: string, body: Body, trace: string) => void} arrived
 * @property {() => void} [end] the member has left
 */
/** @typedef {{ onJoined: () => void, onParted: (why: string) => void, onRefused: (why: string) => void }} Listener */

class BusConnection {
  /**
   * @param {ReturnType<import('./config').busOptions>} options
   * @param {Listener} listener
   */
  constructor(options, listener) {
    serveByEnvironment();
    this.bridge = getBridge();
    this.member = options.name;
    this.registry = options.registry;
    this.secret = options.secret;
    this.listener = listener;
    this.number = this.bridge.nextBus++;
    this.outbox = this.bridge.outbox;
    this.calls = new Calls((number) => commands.busCancel(this.outbox, this.number, number));
    this.awaited = new Awaited();
    this.stats = new BusStats();
    this.incoming = new Incoming(this.outbox, this.number, this.stats);
    this.callers = this.incoming.callers;
    /** @type {Map<number, Subscriber>} */
    this.subscriptions = new Map();
    this.nextSubscription = 1;
    /** Of all subscriptions. */
    this.patterns = 0;
    /** Has been in, whether or not the registry is there now. */
    this.joined = false;
    /** Why there is no registry yet, as far as that is known. @type {string | null} */
    this.waitsFor = null;
    /** Takes nothing new on; handlers at work may still use the bus. */
    this.isDraining = false;
    /** @type {Promise<void> | null} */
    this.closing = null;
    /** @type {Promise<void> | null} */
    this.leaving = null;
    /** @type {() => void} */
    this.onLeft = () => {};
    /** @type {Promise<void>} */
    this.left = new Promise((resolve) => {
      this.onLeft = resolve;
    });
    /** Held, so that they are kept current. */
    this.credentials = [options.serving, options.dialing, options.dialingEtcd];
    if (options.secret === null && options.operator === null) this.open(options, null, null);
    else void this.openWithKeys(options);
    this.bridge.buses.set(this.number, this);
    this.bridge.acquire();
  }

  /**
   * @param {ReturnType<import('./config').busOptions>} options
   * @param {import('../crossing/native').Secret | null} secret
   * @param {Buffer[] | null} operator
   */
  open({ serving, dialing, dialingEtcd, etcd, authorize, staysFor, ...rest }, secret, operator) {
    if (staysFor !== null) log(INFO, `bus: ${staysFor} is an address of this machine, and the bus does not leave that without TLS or OWT_GRPC_INSECURE=1: the registry is at ${rest.registry}`);
    if (authorize !== null) log(INFO, `bus: what others may do is by the rules of ${authorize.file}`);
    this.bridge.native.openBus(this.number, { ...rest, etcd: revealed(etcd), secret, operator, protocol: null }, serving?.native, dialing?.native, dialingEtcd?.native, authorize?.native);
  }

  /**
   * What is asked of this member meanwhile is only to leave: nobody has been told that it has joined.
   *
   * @param {ReturnType<import('./config').busOptions>} options
   */
  async openWithKeys(options) {
    const { secret, operator, cluster } = options;
    if (secret?.isSet) log(INFO, `bus: the cluster's secret is ${secret.source}; it is ${secret.mode}`);
    if (operator !== null) log(INFO, `bus: the operator's secret is ${operator.source}`);
    try {
      const keys = await Promise.all([secret && nativeSecret(secret, cluster), operator && operatorKeys(operator, cluster)]);
      if (this.leaving === null) this.open(options, ...keys);
    } catch (error) {
      if (this.leaving === null) this.listener.onRefused(messageOf(error));
    }
  }

  /** Whether requests can be made: when it is being closed, for the handlers that are at work. */
  get isOpen() {
    return this.joined && this.leaving === null && (!this.isDraining || this.incoming.atWork.count > 0);
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
    const recorder = BUS_CALL.begin(this.stats.calls, allBuses.calls, { id: to, method, member: this.member });
    receiver.recorder = recorder;
    const trace = recorder.trace === null ? '' : toText(recorder.trace);
    try {
      recorder.sent(commands.busCall(this.outbox, this.number, number, timeout, trace, to, method, body, receiver.many));
    } catch (error) {
      this.calls.abandon(number, messageOf(error));
      throw error;
    }
    return number;
  }

  /** @param {number} number */
  cancel(number) {
    this.calls.cancel(number);
  }

  /**
   * @param {string} to
   * @param {string} method
   * @param {any[]} args
   */
  cast(to, method, args) {
    const body = encode(args) ?? '';
    commands.busCast(this.outbox, this.number, traceOf('bus.cast', { id: to, method, member: this.member }), to, method, body);
    this.stats.casts++;
    allBuses.casts++;
  }

  /**
   * @param {string} exchange
   * @param {string} key
   * @param {Body} body
   */
  publish(exchange, key, body) {
    commands.busPublish(this.outbox, this.number, traceOf('bus.publish', { exchange, routingKey: key, member: this.member }), exchange, key, body);
    this.stats.published++;
    allBuses.published++;
  }

  /**
   * @param {string} id
   * @param {(request: import('./request').Request) => void} handler
   * @param {boolean} tellsEnd see Service
   * @returns {{ service: Service, done: Promise<boolean> }} done when everybody knows; false if this member left before;
   *   rejects if the registry's rules do not allow it
   */
  serve(id, handler, tellsEnd) {
    if (this.incoming.served.size >= MOST) throw new BusError('OVERLOADED', `${id} cannot be served: this member serves ${MOST} ids, which is the limit`, { id });
    const asked = this.awaited.ask((number) => commands.busServe(this.outbox, this.number, number, id, false));
    const service = new Service(id, handler, tellsEnd);
    this.incoming.served.set(id, service);
    const done = asked.catch(async (error) => {
      await this.stopServing(service);
      throw error;
    });
    return { service, done };
  }

  /**
   * Requests come until everybody knows.
   *
   * @param {Service} service
   */
  async stopServing(service) {
    const { id } = service;
    const { served } = this.incoming;
    if (served.get(id) !== service || this.leaving !== null) return;
    await this.awaited.ask((number) => commands.busServe(this.outbox, this.number, number, id, true));
    if (served.get(id) === service) served.delete(id);
  }

  /**
   * @param {string} exchange
   * @param {string[]} patterns
   * @param {Subscriber} subscriber
   * @returns {{ number: number, done: Promise<boolean> }} done when everybody knows; false if this member left before;
   *   rejects if the registry's rules do not allow it, and is to be unsubscribed then
   */
  subscribe(exchange, patterns, subscriber) {
    if (this.patterns + patterns.length > MOST) throw new BusError('OVERLOADED', `${exchange} cannot be subscribed to: this member's subscriptions may have ${MOST} patterns and have ${this.patterns}`);
    const number = this.nextSubscription++;
    const done = this.awaited.ask((request) => commands.busSubscribe(this.outbox, this.number, request, number, exchange, patterns, false));
    this.subscriptions.set(number, subscriber);
    this.patterns += patterns.length;
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
    this.patterns -= patterns.length;
    if (this.leaving !== null) return Promise.resolve();
    return this.awaited.ask((request) => commands.busSubscribe(this.outbox, this.number, request, number, exchange, patterns, true));
  }

  /** @returns {Promise<any>} what BusStatus in index.d.ts says; null when closed */
  async status() {
    const status = await this.nativeStatus();
    if (status === null) return null;
    const { calls, requests, casts, published, received, joined } = this.stats;
    // `untapped` is what it is called on the native side, and was called before: both until 1.0.
    const traffic = { ...status.traffic, tapDropped: status.traffic.untapped };
    return { ...status, traffic, joined, calls: calls.counts(), requests: requests.counts(), casts, published, received };
  }

  /** @returns {Promise<any>} see src/bus/member/status.rs; null when closed */
  nativeStatus() {
    if (this.leaving !== null) return Promise.resolve(null);
    return this.awaited.ask((number) => commands.busStatus(this.outbox, this.number, number));
  }

  /**
   * Takes no more requests, lets the handlers at work end for so long, and
   * leaves. Calling it again gives the same promise.
   *
   * @param {number} [graceMs]
   * @returns {Promise<void>}
   */
  close(graceMs = 0) {
    if (this.closing === null) {
      const { served, atWork } = this.incoming;
      const hasNothing = served.size === 0 && atWork.count === 0;
      this.closing = graceMs === 0 || hasNothing ? this.leave() : this.drain(graceMs).then(() => this.leave());
      // Whoever calls process.exit() next has no turn left to flush in.
      this.outbox.flush();
    }
    return this.closing;
  }

  /** @param {number} graceMs */
  drain(graceMs) {
    this.isDraining = true;
    this.incoming.watchDeadlines();
    const { served, atWork } = this.incoming;
    const withdrawn = Promise.all([...served.values()].map((service) => this.stopServing(service)));
    return within(graceMs, withdrawn.then(() => atWork.none()));
  }

  /**
   * What was sent before goes out; what is pending fails. Bounded on the native side.
   *
   * @returns {Promise<void>}
   */
  leave() {
    // What only the native side has counted goes with it.
    void this.nativeStatus().then((last) => last !== null && allBuses.keep(last));
    this.leaving = this.left;
    this.incoming.abandon('this member leaves the bus');
    commands.busLeave(this.outbox, this.number);
    return this.left;
  }

  // Events of the bridge.

  /** @param {number} call @param {string} kind @param {boolean} failed @param {Body} body @param {number} bytes */
  onReply(call, kind, failed, body, bytes) {
    this.calls.replied(call, kind, failed, body, bytes);
  }

  /** @param {number} call @param {number} why @param {string} detail */
  onFailed(call, why, detail) {
    this.calls.failed(call, why, detail);
  }

  /** @param {number} peer @param {number} call @param {boolean} isCall @param {number} deadline @param {string} trace @param {string} caller @param {string} id @param {string} method @param {Body} body @param {number} bytes */
  onRequest(peer, call, isCall, deadline, trace, caller, id, method, body, bytes) {
    this.incoming.arrived(new Request(this.member, peer, call, isCall, deadline, trace, caller, id, method, body, bytes));
  }

  /** @param {number[]} subscriptions @param {string} trace @param {string} routingKey @param {Body} body */
  onMessage(subscriptions, trace, routingKey, body) {
    this.stats.received++;
    allBuses.received++;
    giveInTrace(trace, { routingKey, member: this.member }, () => {
      for (const number of subscriptions) this.subscriptions.get(number)?.arrived(routingKey, body, trace);
    });
  }

  /** @param {number} request @param {string | null} declined */
  onDone(request, declined) {
    if (declined !== null) this.awaited.decline(request, declined);
    // What is asked for while it is being closed is to end something.
    else this.awaited.settle(request, this.closing === null);
  }

  /**
   * @param {number} state
   * @param {string} why
   */
  onState(state, why) {
    if (state === BusState.JOINED) {
      this.joined = true;
      this.stats.joined++;
      allBuses.joined++;
      this.listener.onJoined();
    } else if (state === BusState.PARTED) {
      // One that leaves and was its host has asked for that.
      if (this.leaving === null) this.listener.onParted(why);
    } else if (state === BusState.WAITING) {
      this.waitsFor = why;
    } else if (state === BusState.REFUSED) {
      // One that was refused leaves at once, and may be refused again before it has left.
      if (this.leaving === null) this.listener.onRefused(beside(why, this.secret));
    } else {
      this.bridge.buses.delete(this.number);
      this.bridge.release();
      for (const credentials of this.credentials) credentials?.release();
      const why = 'This member has left the bus';
      this.incoming.close(why);
      this.calls.close(why);
      this.awaited.close();
      for (const subscriber of this.subscriptions.values()) subscriber.end?.();
      this.subscriptions.clear();
      this.onLeft();
    }
  }

  /** @param {number} request @param {string} json */
  onStatus(request, json) {
    this.awaited.settle(request, JSON.parse(json));
  }

  /** @param {number} peer @param {number | null} call */
  onGivenUp(peer, call) {
    if (call === null) this.incoming.lost(peer);
    else this.incoming.cancelled(peer, call);
  }

  /** What it is in a log: neither buffers nor secrets. */
  [inspect.custom]() {
    return `BusConnection { member: '${this.member}', registry: '${this.registry}' }`;
  }
}

module.exports = { BusConnection, MOST };
