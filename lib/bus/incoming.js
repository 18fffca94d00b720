'use strict';

// The calls and casts that are for the ids of a member: which handler each goes
// to, its reply, and which handlers are at work.

const { BusOutcome, busOutcomeNames } = require('../common/bus-outcome');
const { messageOf, textOf } = require('../common/errors');
const { BUS_REQUEST } = require('../observability/call-kinds');
const { allBuses } = require('../observability/call-stats');
const { Callers } = require('../crossing/callers');
const { busReply } = require('../crossing/commands');
const { AtWork } = require('./at-work');
const { encode } = require('./body');
const { BusError, told } = require('./errors');
const { OpenRequests } = require('./open-requests');

/** Requests that nobody has ended are looked through for those whose time is over when there are so many, and twice as many as then. */
const MANY = 1024;

/** @typedef {import('./request').Request} Request */

/** An id that is served. */
class Service extends AtWork {
  /**
   * @param {string} id
   * @param {(request: Request) => void} handler
   * @param {boolean} tellsEnd whether it says of each request when it is through. Others may never reply:
   *   a call is with them until its caller has given up
   */
  constructor(id, handler, tellsEnd) {
    super();
    this.id = id;
    this.handler = handler;
    this.tellsEnd = tellsEnd;
  }
}

class Incoming {
  /**
   * @param {import('../crossing/outbox').Outbox} outbox
   * @param {number} bus the member's number
   * @param {import('../observability/call-stats').BusStats} stats
   */
  constructor(outbox, bus, stats) {
    this.outbox = outbox;
    this.bus = bus;
    this.stats = stats;
    /** @type {Map<string, Service>} */
    this.served = new Map();
    this.callers = new Callers();
    this.open = new OpenRequests();
    this.lookAt = MANY;
    this.atWork = new AtWork();
    this.isClosed = false;
  }

  /** @param {Request} request */
  arrived(request) {
    const { id, bytes, isCall } = request;
    if (this.open.size >= this.lookAt) this.endOverdue();
    const recorder = BUS_REQUEST.begin(this.stats.requests, allBuses.requests, request);
    recorder.received(bytes);
    request.recorder = recorder;
    const former = this.open.add(request);
    if (former !== undefined) this.over(former, BusOutcome.CANCELLED, 'given up by its caller');
    const service = this.served.get(id);
    if (service !== undefined) {
      request.owner = this;
      // Whoever waits no more is not worked for.
      if (service.tellsEnd && request.isOverdue()) return this.overdue(request);
      request.service = service;
      this.atWork.begin();
      service.begin();
      recorder.run(() => service.handler(request));
    } else if (isCall) {
      this.reply(request, '', 'error', `${id} is not served here any more`, true);
    } else {
      this.ended(request, true, `${id} is not served here any more`);
    }
  }

  /**
   * @param {Request} request
   * @param {string} kind '' for the last reply
   * @param {any} data
   * @param {any} err
   * @param {boolean} failed
   */
  reply(request, kind, data, err, failed) {
    if (this.isClosed) return;
    let length;
    try {
      const body = encode(err instanceof Error ? { data, ...told(err) } : { data, err }) ?? '';
      length = busReply(this.outbox, this.bus, request.peer, request.call, kind, body, failed);
    } catch (error) {
      failed = true;
      kind = '';
      err = `The reply cannot be sent: ${messageOf(error)}`;
      length = busReply(this.outbox, this.bus, request.peer, request.call, kind, JSON.stringify({ data: 'error', err }), failed);
    }
    request.recorder?.sent(length);
    if (kind === '') this.ended(request, failed, failed ? textOf(err ?? data) : '');
  }

  /**
   * The handler of a call has failed.
   *
   * @param {Request} request
   * @param {unknown} error
   */
  fail(request, error) {
    if (this.isClosed) return;
    const { err, ...rest } = told(error);
    let body;
    try {
      body = encode({ data: 'error', err, ...rest });
    } catch (_error) {
      // What is told of it besides cannot be said in JSON.
    }
    const length = busReply(this.outbox, this.bus, request.peer, request.call, '', body ?? JSON.stringify({ data: 'error', err }), true);
    request.recorder?.sent(length);
    this.ended(request, true, err);
  }

  /**
   * A request has been handled. Only the first time counts.
   *
   * @param {Request} request
   * @param {boolean} failed
   * @param {string} why
   */
  ended(request, failed, why) {
    if (this.open.delete(request)) {
      request.stopWatching();
      request.recorder?.endBus(failed ? BusOutcome.HANDLER : BusOutcome.OK, why);
    }
    this.endWork(request);
  }

  /** @param {Request} request */
  endWork(request) {
    const { service } = request;
    if (service === null) return;
    request.service = null;
    service.end();
    this.atWork.end();
  }

  /**
   * Nobody waits for its reply any more.
   *
   * @param {Request} request
   * @param {number} outcome
   * @param {string} why
   */
  over(request, outcome, why) {
    this.open.delete(request);
    const { id, method, service } = request;
    request.recorder?.endBus(outcome, why);
    request.giveUp(new BusError(busOutcomeNames[outcome], `${id}.${method}: ${why}`, { id, method }));
    if (service?.tellsEnd === false) this.endWork(request);
  }

  /** @param {Request} request whose caller's time is over */
  overdue(request) {
    if (request.isOpen) this.over(request, BusOutcome.TIMEOUT, "its caller's time is over");
  }

  endOverdue() {
    for (const request of this.open.values()) if (request.isOverdue()) this.overdue(request);
    this.lookAt = Math.max(MANY, this.open.size * 2);
  }

  /** From now on each call ends at its deadline, whether or not its handler has asked for a signal. */
  watchDeadlines() {
    this.endOverdue();
    for (const request of this.open.values()) request.watch();
  }

  /**
   * @param {number} peer
   * @param {number} call
   */
  cancelled(peer, call) {
    const request = this.open.get(peer, call);
    if (request !== undefined) this.over(request, BusOutcome.CANCELLED, 'given up by its caller');
  }

  /** @param {number} peer whose link is gone */
  lost(peer) {
    for (const request of this.open.of(peer)) this.over(request, BusOutcome.PEER_LOST, 'its caller is gone');
    this.open.forget(peer);
    this.callers.forget(peer);
  }

  /**
   * The member leaves: what is open is not waited for any longer.
   *
   * @param {string} why
   */
  abandon(why) {
    for (const request of this.open.values()) this.over(request, BusOutcome.CLOSED, why);
  }

  /**
   * The member has left.
   *
   * @param {string} why
   */
  close(why) {
    this.isClosed = true;
    this.abandon(why);
    this.served.clear();
  }
}

module.exports = { Incoming, Service };
