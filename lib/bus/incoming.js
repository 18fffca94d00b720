'use strict';

// The calls and casts that are for the ids of a member: which handler each goes
// to, its reply, and which handlers are at work.

const { CallTable } = require('../crossing/call-table');
const { messageOf } = require('../errors');
const { BUS_REQUEST } = require('../seeing/roles');
const { BusOutcome, allBuses } = require('../seeing/tally');
const { AtWork } = require('./at-work');
const { encode } = require('./body');

/** @typedef {import('./records').Request} Request */

/** An id that is served. */
class Service extends AtWork {
  /**
   * @param {string} id
   * @param {(request: Request) => void} handler
   */
  constructor(id, handler) {
    super();
    this.id = id;
    this.handler = handler;
  }
}

class Incoming {
  /**
   * @param {import('./commands').Commands} commands
   * @param {import('../seeing/tally').BusTally} tally
   */
  constructor(commands, tally) {
    this.commands = commands;
    this.tally = tally;
    /** @type {Map<string, Service>} */
    this.served = new Map();
    /** Requests that have not ended. @type {CallTable<Request>} */
    this.open = new CallTable();
    this.atWork = new AtWork();
    this.isClosed = false;
  }

  /** @param {Request} request */
  arrived(request) {
    const { id, bytes, isCall } = request;
    const report = BUS_REQUEST.begin(this.tally.requests, allBuses.requests, request);
    report.received(bytes);
    request.report = report;
    request.number = this.open.add(request);
    this.atWork.begin();
    const service = this.served.get(id);
    if (service !== undefined) {
      request.service = service;
      service.begin();
      report.run(() => service.handler(request));
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
   * A request has been handled. Only the first time counts.
   *
   * @param {Request} request
   * @param {boolean} failed
   * @param {string} why
   */
  ended(request, failed, why) {
    if (!this.open.delete(request.number)) return;
    request.report?.endBus(failed ? BusOutcome.HANDLER : BusOutcome.OK, why);
    request.service?.end();
    this.atWork.end();
  }

  /**
   * The member has left.
   *
   * @param {string} why
   */
  close(why) {
    this.isClosed = true;
    for (const { report } of this.open.values()) report?.endBus(BusOutcome.CLOSED, why);
    this.served.clear();
  }
}

module.exports = { Incoming, Service };
