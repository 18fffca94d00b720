'use strict';

// What a member tells the network thread: the bus's commands of docs/crossing.md.
// The bodies' writers are no closures: one would be made for each command.

const { writeNothing, writeNumber } = require('../crossing/outbox');
const { Command } = require('../crossing/records');
const { write } = require('./body');
const { FLAG, TRACED } = require('./records');

/** @typedef {import('../crossing/outbox').Outbox} Outbox */
/** @typedef {import('./body').Body} Body */
/** @typedef {{ number: number, timeout: number, trace: string, to: string, method: string, body: Body, many: boolean }} Call a trace is empty where there is none */
/** @typedef {{ peer: number, call: number }} Caller */

class Commands {
  /**
   * @param {Outbox} outbox
   * @param {number} bus the member's number
   */
  constructor(outbox, bus) {
    this.outbox = outbox;
    this.bus = bus;
  }

  /**
   * @param {Call} call
   * @returns {number} bytes of the body
   */
  call(call) {
    const flags = (call.many ? FLAG : 0) | (call.trace === '' ? 0 : TRACED);
    return this.outbox.record(Command.BUS_CALL, flags, this.bus, writeCall, call);
  }

  /** @param {number} call */
  cancel(call) {
    this.outbox.record(Command.BUS_CANCEL, 0, this.bus, writeNumber, call);
  }

  /**
   * @param {string} trace
   * @param {string} to
   * @param {string} method
   * @param {Body} body
   */
  cast(trace, to, method, body) {
    this.outbox.record(Command.BUS_CAST, trace === '' ? 0 : TRACED, this.bus, writeMessage, trace, to, method, body);
  }

  /**
   * @param {string} trace
   * @param {string} exchange
   * @param {string} key
   * @param {Body} body
   */
  publish(trace, exchange, key, body) {
    this.outbox.record(Command.BUS_PUBLISH, trace === '' ? 0 : TRACED, this.bus, writeMessage, trace, exchange, key, body);
  }

  /**
   * @param {Caller} to
   * @param {string} kind '' for the last reply
   * @param {Body} body
   * @param {boolean} failed
   * @returns {number} bytes of the body
   */
  reply(to, kind, body, failed) {
    return this.outbox.record(Command.BUS_REPLY, failed ? FLAG : 0, this.bus, writeReply, to, kind, body);
  }

  /**
   * @param {number} request
   * @param {string} id
   * @param {boolean} stop
   */
  serve(request, id, stop) {
    this.outbox.record(Command.BUS_SERVE, stop ? FLAG : 0, this.bus, writeServe, request, id);
  }

  /**
   * @param {number} request
   * @param {number} subscription
   * @param {string} exchange
   * @param {string[]} patterns
   * @param {boolean} stop
   */
  subscribe(request, subscription, exchange, patterns, stop) {
    this.outbox.record(Command.BUS_SUBSCRIBE, stop ? FLAG : 0, this.bus, writeSubscribe, request, subscription, exchange, patterns);
  }

  /** @param {number} request */
  status(request) {
    this.outbox.record(Command.BUS_STATUS, 0, this.bus, writeNumber, request);
  }

  leave() {
    this.outbox.record(Command.BUS_LEAVE, 0, this.bus, writeNothing);
  }
}

/** @param {Outbox} outbox @param {Call} call */
function writeCall(outbox, { number, timeout, trace, to, method, body }) {
  outbox.u32(number);
  outbox.u32(timeout);
  return writeMessage(outbox, trace, to, method, body);
}

/** @param {Outbox} outbox @param {string} trace @param {string} first @param {string} second @param {Body} body */
function writeMessage(outbox, trace, first, second, body) {
  if (trace !== '') outbox.text(trace);
  outbox.text(first);
  outbox.text(second);
  return write(outbox, body);
}

/** @param {Outbox} outbox @param {Caller} to @param {string} kind @param {Body} body */
function writeReply(outbox, to, kind, body) {
  outbox.u32(to.peer);
  outbox.u32(to.call);
  outbox.text(kind);
  return write(outbox, body);
}

/** @param {Outbox} outbox @param {number} request @param {string} id */
function writeServe(outbox, request, id) {
  outbox.u32(request);
  outbox.text(id);
}

/** @param {Outbox} outbox @param {number} request @param {number} subscription @param {string} exchange @param {string[]} patterns */
function writeSubscribe(outbox, request, subscription, exchange, patterns) {
  outbox.u32(request);
  outbox.u32(subscription);
  outbox.text(exchange);
  for (const pattern of patterns) outbox.text(pattern);
}

module.exports = { Commands };
