'use strict';

// The four kinds of call that are watched, and what is known of each.

const { now } = require('../common/clock');
const { fromBlock } = require('../crossing/trace-block');
const { CallKind } = require('./call-recorder');
const { byMethod, typeOf } = require('./call-stats');
const { endSpan, runIn, startSpan, tracing } = require('./tracing');
const { fromText, toText } = require('./trace-context');

/** @typedef {import('./call-recorder').About} About */

// Fields that are known later are there from the start: objects that get them
// one by one are slow.

/** A gRPC call of a client. */
const CLIENT = new CallKind(
  'client.call',
  /** @param {{ method: import('../codec-runtime').Method, connection: { target: string } }} call @returns {About} */
  ({ method, connection }) => ({
    kind: 'client',
    method: method.path,
    type: typeOf(method),
    peer: connection.target,
    startTime: 0,
    traceparent: undefined,
    tracestate: undefined,
    ok: undefined,
    code: undefined,
    details: undefined,
    duration: undefined,
  })
);

/** A gRPC call that a server handles. */
const SERVER = new CallKind(
  'server.call',
  /** @param {{ handler: { method: import('../codec-runtime').Method }, peer: string, block: Buffer | null }} arrival @returns {About} */
  ({ handler: { method }, peer }) => ({
    kind: 'server',
    method: method.path,
    type: typeOf(method),
    peer,
    startTime: 0,
    traceparent: undefined,
    tracestate: undefined,
    ok: undefined,
    code: undefined,
    details: undefined,
    duration: undefined,
  }),
  ({ block }) => fromBlock(block)
);

/** A call over the bus. */
const BUS_CALL = new CallKind(
  'bus.call',
  /** @param {{ id: string, method: string, member: string }} call @returns {About} */
  ({ id, method, member }) => ({
    kind: 'bus.call',
    id,
    method,
    member,
    startTime: 0,
    traceparent: undefined,
    tracestate: undefined,
    ok: undefined,
    code: undefined,
    details: undefined,
    duration: undefined,
  }),
  undefined,
  byMethod.calls
);

/** A call or cast of the bus that is for an id of this member. */
const BUS_REQUEST = new CallKind(
  'bus.request',
  /** @param {{ id: string, method: string, member: string, isCall: boolean, trace: string }} request @returns {About} */
  ({ id, method, member, isCall }) => ({
    kind: 'bus.request',
    id,
    method,
    member,
    isCall,
    startTime: 0,
    traceparent: undefined,
    tracestate: undefined,
    ok: undefined,
    code: undefined,
    details: undefined,
    duration: undefined,
  }),
  ({ trace }) => fromText(trace),
  byMethod.requests
);

/**
 * The trace that goes with a cast or a message, as a frame has it, empty for
 * none. Its span ends at once: nobody hears of it again.
 *
 * @param {'bus.cast' | 'bus.publish'} kind
 * @param {Partial<About>} facts
 */
function traceOf(kind, facts) {
  const { tracer } = tracing;
  if (tracer === null) return '';
  /** @type {About} */
  const about = { kind, ...facts, startTime: now() };
  const span = startSpan(tracer, about, {});
  if (span !== undefined) done(tracer, span, about);
  return about.traceparent === undefined ? '' : toText(about);
}

/**
 * Gives a message of a topic to whom it is for, in its publisher's trace.
 *
 * @param {string} text the trace, as a frame has it
 * @param {Partial<About>} facts
 * @param {() => void} give
 */
function giveInTrace(text, facts, give) {
  const { tracer } = tracing;
  if (tracer === null) return give();
  /** @type {About} */
  const about = { kind: 'bus.message', ...facts, startTime: now() };
  const span = startSpan(tracer, about, fromText(text));
  if (span === undefined) return give();
  try {
    runIn(tracer, span, give);
  } finally {
    done(tracer, span, about);
  }
}

/**
 * @param {import('./tracing').Tracer} tracer
 * @param {any} span
 * @param {About} about
 */
function done(tracer, span, about) {
  about.ok = true;
  about.code = 'OK';
  about.details = '';
  about.duration = now() - about.startTime;
  endSpan(tracer, span, about);
}

module.exports = { BUS_CALL, BUS_REQUEST, CLIENT, SERVER, giveInTrace, traceOf };
