'use strict';

// This environment's end of the crossing: what goes out is collected in the
// outbox, what comes in is dispatched to the call, server or member it is for. There is
// one bridge per environment, made by the first client or server.

const { nextTick, setImmediate, setInterval } = require('../common/clock');
const { maxBuffered } = require('../common/environment');
const { onLevel } = require('../common/log');
const { native } = require('./addon');
const { CallTable } = require('./call-table');
const events = require('./events');
const { Outbox } = require('./outbox');
const { HEADER, Event, OUTSIDE } = require('./records');

const INBOX_SIZE = 256 * 1024;
/** So many bytes are taken in one turn of the event loop: then timers, promises and other sockets have theirs. */
const TURN_SIZE = 1024 * 1024;
/** An inbox that a large message made larger is not kept. */
const KEEP_SIZE = 8 * 1024 * 1024;

/** @typedef {import('./events').Receiver} Receiver */
/** @typedef {import('./events').ServerReceiver} ServerReceiver */
/** @typedef {import('./events').BusReceiver} BusReceiver */

class Bridge {
  constructor() {
    const { Bridge: Native } = native();
    const { bytes, by } = maxBuffered();
    this.drain = this.drain.bind(this);
    this.native = new Native(this.drain);
    this.native.limitBuffered(bytes, by);
    this.outbox = new Outbox((batch, length) => this.native.send(batch, length));
    this.inbox = Buffer.allocUnsafeSlow(INBOX_SIZE);
    /** @type {CallTable<Receiver>} */
    this.calls = new CallTable();
    /** @type {Map<number, ServerReceiver>} */
    this.servers = new Map();
    /** @type {Map<number, BusReceiver>} */
    this.buses = new Map();
    /** @type {Set<number>} those of clients that are open */
    this.channels = new Set();
    /** @type {Map<number, number>} connection -> server */
    this.connections = new Map();
    this.nextCall = 1;
    this.nextServer = 1;
    this.nextBus = 1;
    this.pending = 0;
    this.holders = 0;
    // The native wake-up holds nothing; this timer does, while there is reason.
    this.hold = setInterval(() => {}, 0x7fffffff);
    this.hold.unref();
    onLevel((level) => this.native.logLevel(level));
  }

  /** Keeps the process alive until as many `release` have come. */
  acquire() {
    if (this.holders++ === 0) this.hold.ref();
  }

  release() {
    if (--this.holders === 0) this.hold.unref();
  }

  /**
   * Registers a client call: it holds the process until it ends.
   *
   * @param {Receiver} receiver
   * @returns {number} its id
   */
  begin(receiver) {
    let id = this.nextCall;
    // Odd numbers up to 2^32, skipping those of calls that have lasted a whole round.
    while (this.calls.has(id)) id = (id + 2) % 0x100000000;
    this.nextCall = (id + 2) % 0x100000000;
    this.calls.set(id, receiver);
    this.pending++;
    this.acquire();
    return id;
  }

  /**
   * Forgets a client call; false if that has happened already.
   *
   * @param {number} id
   */
  finish(id) {
    if (!this.calls.delete(id)) return false;
    this.pending--;
    this.release();
    return true;
  }

  /** Takes what has come. What comes faster than it is taken leaves others their turn. */
  drain() {
    let taken = 0;
    while (taken < TURN_SIZE) {
      const length = this.native.drain(this.inbox);
      if (length === 0) break;
      if (length < 0) {
        this.inbox = Buffer.allocUnsafeSlow(-length);
        continue;
      }
      this.dispatchAll(length);
      taken += length;
    }
    if (this.inbox.length > KEEP_SIZE) this.inbox = Buffer.allocUnsafeSlow(INBOX_SIZE);
    // The native side wakes again only once it has been told that nothing is left.
    if (taken >= TURN_SIZE) setImmediate(this.drain);
  }

  /** @param {number} length */
  dispatchAll(length) {
    const buf = this.inbox;
    let at = 0;
    while (at < length) {
      const end = at + buf.readUInt32LE(at);
      try {
        this.dispatch(buf, at, end);
      } catch (error) {
        // Thrown by the user's code: it is reported as if nothing were between,
        // and the records behind it are not lost.
        nextTick(rethrow, error);
      }
      at = end;
    }
  }

  /**
   * Finds whom a record is for; events.js reads it.
   *
   * @param {Buffer} buf
   * @param {number} at
   * @param {number} end
   */
  dispatch(buf, at, end) {
    const op = buf[at + 4];
    const flags = buf[at + 5];
    const id = buf.readUInt32LE(at + 8);
    const start = at + HEADER;
    switch (op) {
      case Event.REPLY: {
        const call = this.calls.get(id);
        if (call !== undefined && this.finish(id)) events.reply(call, flags, buf, start, end);
        break;
      }
      case Event.HEADERS:
        events.headers(this.calls.get(id), buf, start, end);
        break;
      case Event.MESSAGE:
        events.message(this.calls.get(id), buf, start, end);
        break;
      case Event.STATUS: {
        const call = this.calls.get(id);
        if (call !== undefined && this.finish(id)) events.status(call, flags, buf, start, end);
        break;
      }
      case Event.WRITABLE:
        events.writable(this.calls.get(id), buf, start);
        break;
      case Event.INCOMING:
        events.incoming(this.servers, id, flags, buf, start, end);
        break;
      case Event.HALF_CLOSED:
        events.halfClosed(this.calls.get(id));
        break;
      case Event.CLOSED: {
        const call = this.calls.get(id);
        this.calls.delete(id);
        events.closed(call, buf, start);
        break;
      }
      default:
        if (op >= Event.BUS_REPLY) this.dispatchBus(op, flags, id, buf, start, end);
        else this.dispatchRare(op, id, buf, start, end);
    }
  }

  /**
   * @param {number} op
   * @param {number} id
   * @param {Buffer} buf
   * @param {number} start
   * @param {number} end
   */
  dispatchRare(op, id, buf, start, end) {
    const { servers, connections } = this;
    switch (op) {
      case Event.LISTENING:
        events.listening(servers.get(id), buf, start, end);
        break;
      case Event.STOPPED:
        events.stopped(servers.get(id), buf, start);
        break;
      case Event.LOG:
        events.log(buf, start, end);
        break;
      case Event.CONNECTED:
        events.connected(servers, connections, id, buf, start, end);
        break;
      case Event.DISCONNECTED:
        events.disconnected(servers, connections, id);
        break;
      default:
        unknown(op);
    }
  }

  /**
   * @param {number} op
   * @param {number} flags
   * @param {number} id
   * @param {Buffer} buf
   * @param {number} start
   * @param {number} end
   */
  dispatchBus(op, flags, id, buf, start, end) {
    // It waits to be taken, whether or not the member is still there.
    const outside = flags & OUTSIDE ? this.native.outside() : null;
    const bus = this.buses.get(id);
    if (bus === undefined) return;
    switch (op) {
      case Event.BUS_REPLY:
        events.busReply(bus, flags, buf, start, end, outside);
        break;
      case Event.BUS_FAILED:
        events.busFailed(bus, buf, start, end);
        break;
      case Event.BUS_REQUEST:
        events.busRequest(bus, flags, buf, start, end, outside);
        break;
      case Event.BUS_MESSAGE:
        events.busMessage(bus, flags, buf, start, end, outside);
        break;
      case Event.BUS_DONE:
        events.busDone(bus, flags, buf, start, end);
        break;
      case Event.BUS_STATE:
        events.busState(bus, buf, start, end);
        break;
      case Event.BUS_STATUS:
        events.busStatus(bus, buf, start, end);
        break;
      case Event.BUS_GIVEN_UP:
        events.busGivenUp(bus, flags, buf, start);
        break;
      default:
        unknown(op);
    }
  }
}

/** @param {number} op */
function unknown(op) {
  throw new Error(`owt-grpc: event ${op} is not known: addon and JS are of different versions`);
}

/** @param {unknown} error */
function rethrow(error) {
  throw error;
}

/** @type {Bridge | undefined} */
let bridge;

/** @returns {Bridge} this environment's bridge, made when first asked for */
function getBridge() {
  if (bridge === undefined) bridge = new Bridge();
  return bridge;
}

/** @returns {Bridge | undefined} this environment's bridge if something has needed one */
const peekBridge = () => bridge;

module.exports = { Bridge, getBridge, peekBridge };
