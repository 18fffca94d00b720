'use strict';

// Which trace a call belongs to. A tracer is three functions; there is one here
// that keeps the trace in AsyncLocalStorage and records nothing, and any other
// can be set, such as OpenTelemetry's. Off by default; what it costs is paid by
// those who turn it on.

const { AsyncLocalStorage, AsyncResource } = require('node:async_hooks');
const { randomBytes } = require('node:crypto');
const { WARN, log } = require('../common/log');
const { messageOf } = require('../common/errors');
const { valid } = require('./trace-context');

/** @typedef {import('./trace-context').Carrier} Carrier */
/** @typedef {import('./call-recorder').About} About */

/**
 * @typedef {object} Tracer
 * @property {(call: About, carrier: Carrier) => any} start gives what `run` and `end` are given
 * @property {<T>(span: any, work: () => T) => T} run
 * @property {(span: any, call: About) => void} end
 */

/** Null while nobody wants traces. @type {{ tracer: Tracer | null }} */
const tracing = { tracer: null };

/** @typedef {'client' | 'server' | 'bus.call' | 'bus.request' | 'bus.cast' | 'bus.publish' | 'bus.message'} Kind */

/** Kinds whose trace comes from the other side; the others send theirs. */
const INCOMING = new Set(['server', 'bus.request', 'bus.message']);

/** @type {AsyncLocalStorage<Carrier | undefined> | null} made when first needed: having one slows promises */
let storage = null;

const POOL = 4096;
/** Random bytes as hex digits: a thousand ids are made at once. */
let pool = '';
let used = 0;

/** @param {number} bytes */
function randomHex(bytes) {
  if (used + bytes * 2 > pool.length) {
    pool = randomBytes(POOL).toString('hex');
    used = 0;
  }
  used += bytes * 2;
  return pool.slice(used - bytes * 2, used);
}

/**
 * A new step in a trace, or in a new trace.
 *
 * @param {Carrier | undefined} parent valid, or without a traceparent
 * @returns {Carrier}
 */
function stepOf(parent) {
  const known = parent?.traceparent;
  if (known === undefined) return { traceparent: `00-${randomHex(16)}-${randomHex(8)}-01` };
  // The only flag that is known here is the last bit, "sampled".
  const isSampled = '13579bdf'.includes(known[54]);
  const traceparent = `00-${known.slice(3, 35)}-${randomHex(8)}-0${isSampled ? 1 : 0}`;
  const tracestate = parent?.tracestate;
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
}

/**
 * The step that a call is. Both sides of it are one: what is logged here and there
 * has one name.
 *
 * @param {boolean} isIncoming
 * @param {Carrier} received with an incoming one
 * @returns {Carrier}
 */
function stepOfCall(isIncoming, received) {
  return isIncoming ? (valid(received) ?? stepOf(undefined)) : stepOf(storage?.getStore());
}

/** @type {Tracer} */
const ownTracer = {
  start(call, carrier) {
    const step = stepOfCall(INCOMING.has(call.kind), carrier);
    carrier.traceparent = step.traceparent;
    carrier.tracestate = step.tracestate;
    return step;
  },
  run: (step, work) => /** @type {AsyncLocalStorage<Carrier | undefined>} */ (storage).run(step, work),
  end() {},
};

/**
 * @param {boolean | Tracer | null} next true for the one here, false or null for none
 */
function setTracing(next) {
  if (next === true) {
    if (storage === null) storage = new AsyncLocalStorage();
    tracing.tracer = ownTracer;
  } else if (next === false || next === null) {
    tracing.tracer = null;
  } else {
    for (const name of /** @type {const} */ (['start', 'run', 'end'])) {
      if (typeof next?.[name] === 'function') continue;
      throw new TypeError(`setTracing: a tracer has the functions start, run and end; ${name} is ${typeof next?.[name]}`);
    }
    tracing.tracer = next;
  }
}

/** @returns {Carrier | undefined} where we are, as `setTracing(true)` knows it */
function currentTrace() {
  const here = storage?.getStore();
  return here === undefined ? undefined : { ...here };
}

/**
 * Runs `work` in a trace that came some other way, such as an HTTP request. What
 * is no traceparent is ignored: `work` is then in no trace.
 *
 * @template T
 * @param {{ traceparent?: unknown, tracestate?: unknown }} carrier such as the headers of the request
 * @param {() => T} work
 * @returns {T}
 */
function withTrace(carrier, work) {
  const { traceparent, tracestate } = carrier ?? {};
  const trace = valid(tracestate === undefined ? { traceparent } : { traceparent, tracestate });
  if (trace === null) return storage === null ? work() : storage.run(undefined, work);
  if (storage === null) storage = new AsyncLocalStorage();
  return storage.run(trace, work);
}

/** @type {WeakSet<Tracer>} */
const complainedOf = new WeakSet();

/**
 * A tracer must not cost anybody a call.
 *
 * @param {Tracer} tracer
 * @param {string} what
 * @param {unknown} error
 */
function complain(tracer, what, error) {
  if (complainedOf.has(tracer)) return;
  complainedOf.add(tracer);
  log(WARN, `the tracer's ${what}() threw, which is told once: ${messageOf(error)}`);
}

/**
 * @param {About} about
 * @param {Carrier | null} trace
 */
function note(about, trace) {
  if (trace?.traceparent === undefined) return;
  about.traceparent = trace.traceparent;
  if (trace.tracestate !== undefined) about.tracestate = trace.tracestate;
}

/**
 * Starts a span. Gives undefined if the tracer fails.
 *
 * @param {Tracer} tracer
 * @param {About} about is given the trace that travels, if it is valid
 * @param {Carrier} received what came with an incoming call
 * @returns {any}
 */
function startSpan(tracer, about, received) {
  const isIncoming = INCOMING.has(about.kind);
  /** @type {Carrier} */
  const carrier = isIncoming ? (valid(received) ?? {}) : {};
  try {
    if (isIncoming) note(about, carrier);
    const span = tracer.start(about, carrier);
    // What others put there is looked at, what is made here is right.
    if (!isIncoming) note(about, tracer === ownTracer ? carrier : valid(carrier));
    return span;
  } catch (error) {
    complain(tracer, 'start', error);
    return undefined;
  }
}

/**
 * Runs `work` once, in a span.
 *
 * @template T
 * @param {Tracer} tracer
 * @param {any} span
 * @param {() => T} work
 * @returns {T}
 */
function runIn(tracer, span, work) {
  if (tracer === ownTracer) return tracer.run(span, work);
  let hasRun = false;
  /** @type {any} */
  let result;
  try {
    tracer.run(span, () => {
      if (hasRun) return result;
      hasRun = true;
      result = work();
      return result;
    });
  } catch (error) {
    if (hasRun) throw error;
    complain(tracer, 'run', error);
  }
  return hasRun ? result : work();
}

/**
 * @param {Tracer} tracer
 * @param {any} span
 * @param {About} about
 */
function endSpan(tracer, span, about) {
  try {
    tracer.end(span, about);
  } catch (error) {
    complain(tracer, 'end', error);
  }
}

/**
 * Where the caller is, for what he is told later; null while nobody wants traces.
 *
 * @returns {AsyncResource | null}
 */
function capture() {
  return tracing.tracer === null ? null : new AsyncResource('OWT_GRPC', { requireManualDestroy: true });
}

/**
 * @param {AsyncResource | null} scope
 * @param {() => void} work
 */
function within(scope, work) {
  if (scope === null) work();
  else scope.runInAsyncScope(work);
}

module.exports = { capture, currentTrace, endSpan, ownTracer, runIn, setTracing, startSpan, stepOfCall, tracing, within, withTrace };
