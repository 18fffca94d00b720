'use strict';

// What one call tells those who watch: it is counted, and if somebody wants it
// so, timed, published on diagnostics channels and made a span. Everything that
// ends a call comes through here, once.

const { channel } = require('node:diagnostics_channel');
const { now } = require('../common/clock');
const { endSpan, ownTracer, runIn, startSpan, stepOfCall, tracing } = require('./tracing');

/** @typedef {import('./call-stats').CallStats} CallStats */
/** @typedef {import('./tracing').Tracer} Tracer */
/** @typedef {import('./trace-context').Carrier} Carrier */

/**
 * What is published of a call and given to tracers: `CallEvent` in index.d.ts.
 *
 * @typedef {object} About
 * @property {import('./tracing').Kind} kind
 * @property {string} [method]
 * @property {string} [type]
 * @property {string} [peer]
 * @property {string} [id]
 * @property {boolean} [isCall]
 * @property {string} [exchange]
 * @property {string} [routingKey]
 * @property {string} [member]
 * @property {string} [traceparent]
 * @property {string} [tracestate]
 * @property {number} startTime ms of performance.now()
 * @property {boolean} [ok]
 * @property {number | string} [code]
 * @property {string} [details]
 * @property {number} [duration] ms
 */

/** Whether latency is wanted: from the first look at metrics on. */
const timing = { isOn: false };

/** @type {Carrier} */
const NOTHING = Object.freeze({});

/**
 * A kind of call. `describe` says what is known of one when it starts;
 * `received` gives the trace that an incoming one came with.
 *
 * @template Call
 */
class CallKind {
  /**
   * @param {string} name of its channels
   * @param {(call: Call) => About} describe
   * @param {(call: Call) => Carrier} [received] none for those that go out
   * @param {import('./method-counts').CountsByMethod} [byMethod] for kinds whose calls have an id and a method
   */
  constructor(name, describe, received, byMethod) {
    this.byMethod = byMethod ?? null;
    this.isIncoming = received !== undefined;
    this.startChannel = channel(`owt-grpc:${name}.start`);
    this.endChannel = channel(`owt-grpc:${name}.end`);
    this.describe = describe;
    this.received = received ?? (() => NOTHING);
  }

  /**
   * A call starts.
   *
   * @param {CallStats} one of the client, server or member
   * @param {CallStats} all of the method, or of all members
   * @param {Call} call
   * @returns {CallRecorder}
   */
  begin(one, all, call) {
    const recorder = new CallRecorder(this, one, all);
    if (tracing.tracer !== null || this.isListenedTo) recorder.open(call);
    else if (timing.isOn) recorder.since = now();
    if (timing.isOn && this.byMethod !== null) recorder.method = this.byMethod.of(/** @type {any} */ (call).id, /** @type {any} */ (call).method);
    return recorder;
  }

  get isListenedTo() {
    return this.startChannel.hasSubscribers || this.endChannel.hasSubscribers;
  }
}

/** One call, from its start to its end. */
class CallRecorder {
  /**
   * @param {CallKind<any>} kind
   * @param {CallStats} one
   * @param {CallStats} all
   */
  constructor(kind, one, all) {
    this.kind = kind;
    this.one = one;
    this.all = all;
    /** When it started, 0 if nobody asked then. */
    this.since = 0;
    /** @type {About | null} */
    this.about = null;
    /** The trace that goes with an outgoing call. @type {Carrier | null} */
    this.trace = null;
    /** @type {Tracer | null} who has a span of it */
    this.tracer = null;
    /** @type {any} */
    this.span = undefined;
    /** @type {import('./method-counts').MethodCounts | null} */
    this.method = null;
    this.isOver = false;
    one.started++;
    all.started++;
  }

  /**
   * Somebody listens, or traces.
   *
   * @param {any} call
   */
  open(call) {
    const { kind } = this;
    const { tracer } = tracing;
    if (tracer === ownTracer && !kind.isListenedTo) {
      // Nobody is to be told: the trace is all there is.
      if (timing.isOn) this.since = now();
      this.span = stepOfCall(kind.isIncoming, kind.received(call));
      this.tracer = tracer;
      if (!kind.isIncoming) this.trace = this.span;
      return;
    }
    this.since = now();
    const about = kind.describe(call);
    about.startTime = this.since;
    this.about = about;
    if (tracer !== null) {
      this.span = startSpan(tracer, about, kind.received(call));
      if (this.span !== undefined) this.tracer = tracer;
      if (!kind.isIncoming && about.traceparent !== undefined) this.trace = about;
    }
    if (kind.startChannel.hasSubscribers) kind.startChannel.publish(about);
  }

  /** Whether what the call is for has to be run by `run`. */
  get isTraced() {
    return this.tracer !== null;
  }

  /**
   * Runs what an incoming call is for in its trace.
   *
   * @template T
   * @param {() => T} work
   * @returns {T}
   */
  run(work) {
    return this.tracer === null ? work() : runIn(this.tracer, this.span, work);
  }

  /**
   * The same, as an AsyncResource has it.
   *
   * @param {(...args: any[]) => any} work
   * @param {any} self
   * @param {...any} args
   */
  runInAsyncScope(work, self, ...args) {
    return this.run(() => work.apply(self, args));
  }

  /** @param {number} bytes of a message that goes out */
  sent(bytes) {
    this.one.sentMessages++;
    this.one.sentBytes += bytes;
    this.all.sentMessages++;
    this.all.sentBytes += bytes;
  }

  /** @param {number} bytes of a message that came */
  received(bytes) {
    this.one.receivedMessages++;
    this.one.receivedBytes += bytes;
    this.all.receivedMessages++;
    this.all.receivedBytes += bytes;
  }

  /**
   * The call is over. Only the first time counts.
   *
   * @param {number} outcome the number of one of the outcomes that are counted
   * @param {number | string} code as the call's error has it
   * @param {string} details
   */
  end(outcome, code, details) {
    if (this.isOver) return;
    this.isOver = true;
    this.one.ended++;
    this.one.outcomes[outcome]++;
    this.all.ended++;
    this.all.outcomes[outcome]++;
    if (this.since === 0) return;
    const duration = now() - this.since;
    if (timing.isOn) this.all.time(duration / 1000);
    if (this.method !== null) this.method.end(outcome, duration / 1000);
    const { about } = this;
    if (about === null) return;
    about.ok = outcome === 0;
    about.code = code;
    about.details = details;
    about.duration = duration;
    if (this.tracer !== null) endSpan(this.tracer, this.span, about);
    if (this.kind.endChannel.hasSubscribers) this.kind.endChannel.publish(about);
  }

  /**
   * A gRPC call is over. Codes beyond gRPC's own count as UNKNOWN.
   *
   * @param {number} code
   * @param {string} details
   */
  endWith(code, details) {
    this.end(code >= 0 && code <= 16 ? code : 2, code, details);
  }

  /**
   * A call over the bus is over.
   *
   * @param {number} outcome
   * @param {string} details
   */
  endBus(outcome, details) {
    this.end(outcome, this.one.names[outcome], details);
  }
}

module.exports = { CallKind, CallRecorder, timing };
