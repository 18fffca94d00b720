'use strict';

// Counts of calls: plain numbers, so that counting costs next to nothing and is
// always done. Each client, server and member of the bus has its own, and each method
// one for the whole thread, which outlives them.

const { busOutcomeNames } = require('../common/bus-outcome');
const { CountsByMethod } = require('./method-counts');
const { statusNames } = require('../common/status');

/** Upper bounds of the latency histograms, in seconds. */
const BOUNDS = Object.freeze([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]);

class CallStats {
  /** @param {readonly string[]} outcomes names of the ways a call may end, the first one being success */
  constructor(outcomes) {
    this.names = outcomes;
    this.started = 0;
    this.ended = 0;
    /** @type {number[]} by outcome */
    this.outcomes = new Array(outcomes.length).fill(0);
    this.sentMessages = 0;
    this.sentBytes = 0;
    this.receivedMessages = 0;
    this.receivedBytes = 0;
    /** Calls that were timed, in all, and those up to each bound but over the one before. */
    this.timed = 0;
    this.seconds = 0;
    /** @type {number[]} */
    this.buckets = new Array(BOUNDS.length).fill(0);
  }

  /** @param {number} seconds that a call took */
  time(seconds) {
    this.timed++;
    this.seconds += seconds;
    // Most calls are short: the first few bounds are all that is looked at.
    for (let n = 0; n < BOUNDS.length; n++) {
      if (seconds <= BOUNDS[n]) {
        this.buckets[n]++;
        return;
      }
    }
  }

  /** What a person is told, see CallCounts in index.d.ts. */
  counts() {
    const [succeeded] = this.outcomes;
    /** @type {Record<string, number>} */
    const codes = {};
    this.outcomes.forEach((count, n) => {
      if (n > 0 && count > 0) codes[this.names[n]] = count;
    });
    return {
      started: this.started,
      inFlight: this.started - this.ended,
      succeeded,
      failed: this.ended - succeeded,
      codes,
      sent: { messages: this.sentMessages, bytes: this.sentBytes },
      received: { messages: this.receivedMessages, bytes: this.receivedBytes },
    };
  }
}

/** Of gRPC calls. */
const grpcStats = () => new CallStats(statusNames);

/** What a member of the bus has done. */
class BusStats {
  constructor() {
    this.calls = new CallStats(busOutcomeNames);
    this.requests = new CallStats(busOutcomeNames);
    this.casts = 0;
    this.published = 0;
    this.received = 0;
    this.joined = 0;
    /** What the native side has told of members that have left. */
    this.dropped = 0;
    this.unroutable = 0;
    this.linksMade = 0;
  }

  /** @param {{ dropped: number, unroutable: number, linksMade: number }} last what a member told before it left */
  keep({ dropped, unroutable, linksMade }) {
    this.dropped += dropped;
    this.unroutable += unroutable;
    this.linksMade += linksMade;
  }
}

/** Of all members that this thread has had. */
const allBuses = new BusStats();

/** The same by id and method, of those that began while metrics were wanted. */
const byMethod = { calls: new CountsByMethod(busOutcomeNames), requests: new CountsByMethod(busOutcomeNames) };

/**
 * @typedef {object} MethodStats
 * @property {'client' | 'server'} side
 * @property {string} service
 * @property {string} method
 * @property {string} type unary, server_stream, client_stream or bidi_stream
 * @property {CallStats} stats
 */

/** Those of the contract's methods that were called or served: their number is bounded by the contract. @type {Map<string, MethodStats>} */
const methods = new Map();

/** @param {{ requestStream: boolean, responseStream: boolean }} method */
function typeOf({ requestStream, responseStream }) {
  if (requestStream) return responseStream ? 'bidi_stream' : 'client_stream';
  return responseStream ? 'server_stream' : 'unary';
}

/**
 * The thread's stats of a method.
 *
 * @param {'client' | 'server'} side
 * @param {import('../codec-runtime').Method} method
 */
function methodStats(side, method) {
  const key = `${side} ${method.path}`;
  let found = methods.get(key);
  if (found === undefined) {
    const [, service, name] = method.path.split('/');
    found = { side, service, method: name, type: typeOf(method), stats: grpcStats() };
    methods.set(key, found);
  }
  return found.stats;
}

module.exports = { BOUNDS, BusStats, CallStats, allBuses, byMethod, grpcStats, methodStats, methods, typeOf };
