'use strict';

// This environment's end of the crossing: what goes out is collected in the
// outbox, what comes in is dispatched to the call or server it is for. There is
// one bridge per environment, made by the first client or server.

const { nextTick, setImmediate, setInterval } = require('../common/clock');
const { maxBufferedOfEnvironment } = require('../common/environment');
const { log, onLevel } = require('../common/log');
const { native } = require('./addon');
const { CallTable } = require('./call-table');
const { Outbox } = require('./outbox');
const { HEADER, Event, OUTSIDE } = require('./records');

const INBOX_SIZE = 256 * 1024;
/** So many bytes are taken in one turn of the event loop: then timers, promises and other sockets have theirs. */
const TURN_SIZE = 1024 * 1024;
/** An inbox that a large message made larger is not kept. */
const KEEP_SIZE = 8 * 1024 * 1024;

/**
 * What receives the events of one call. `buf` is used again as soon as the
 * method returns.
 *
 * @typedef {object} Receiver
 * @property {(buf: Buffer, flags: number, start: number, end: number) => void} [onReply]
 * @property {(buf: Buffer, start: number, end: number) => void} [onHeaders]
 * @property {(buf: Buffer, start: number, end: number) => void} [onMessage]
 * @property {(buf: Buffer, flags: number, start: number, end: number) => void} [onStatus]
 * @property {(bytes: number) => void} [onWritable]
 * @property {() => void} [onHalfClosed]
 * @property {(reason: number) => void} [onClosed]
 */

/**
 * What receives the events of one server.
 *
 * @typedef {object} ServerReceiver
 * @property {(id: number, buf: Buffer, flags: number, start: number, end: number) => void} onIncoming
 * @property {(port: number, error: string, code: string) => void} onListening
 * @property {(cutOff: number) => void} onStopped
 * @property {(connection: number, peer: string) => void} onConnected
 * @property {(connection: number) => void} onDisconnected
 */

/**
 * What receives the events of one member of the bus.
 *
 * @typedef {object} BusReceiver
 * @property {(op: number, flags: number, buf: Buffer, start: number, end: number, outside: string[] | null) => void} onRecord
 * @property {() => Promise<any>} nativeStatus
 */

class Bridge {
  constructor() {
    const { Bridge: Native } = native();
    const maxBuffered = maxBufferedOfEnvironment();
    this.drain = this.drain.bind(this);
    this.native = new Native(this.drain);
    if (maxBuffered !== null) this.native.limitBuffered(maxBuffered, false);
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
        if (call !== undefined && this.finish(id)) call.onReply?.(buf, flags, start, end);
        break;
      }
      case Event.STATUS: {
        const call = this.calls.get(id);
        if (call !== undefined && this.finish(id)) call.onStatus?.(buf, flags, start, end);
        break;
      }
      case Event.INCOMING:
        this.servers.get(buf.readUInt32LE(start))?.onIncoming(id, buf, flags, start + 4, end);
        break;
      case Event.MESSAGE:
        this.calls.get(id)?.onMessage?.(buf, start, end);
        break;
      case Event.WRITABLE:
        this.calls.get(id)?.onWritable?.(buf.readUInt32LE(start));
        break;
      case Event.HEADERS:
        this.calls.get(id)?.onHeaders?.(buf, start, end);
        break;
      case Event.HALF_CLOSED:
        this.calls.get(id)?.onHalfClosed?.();
        break;
      case Event.CLOSED: {
        const call = this.calls.get(id);
        this.calls.delete(id);
        call?.onClosed?.(buf.readUInt32LE(start));
        break;
      }
      default:
        if (op >= Event.BUS_REPLY) {
          const outside = flags & OUTSIDE ? this.native.outside() : null;
          this.buses.get(id)?.onRecord(op, flags, buf, start, end, outside);
        }
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
    switch (op) {
      case Event.LISTENING: {
        const error = start + 8;
        const code = error + buf.readUInt32LE(start + 4);
        const server = this.servers.get(id);
        server?.onListening(buf.readUInt32LE(start), buf.utf8Slice(error, code), buf.latin1Slice(code, end));
        break;
      }
      case Event.STOPPED:
        this.servers.get(id)?.onStopped(buf.readUInt32LE(start));
        break;
      case Event.CONNECTED: {
        const server = buf.readUInt32LE(start);
        this.connections.set(id, server);
        this.servers.get(server)?.onConnected(id, buf.latin1Slice(start + 4, end));
        break;
      }
      case Event.DISCONNECTED: {
        const server = this.connections.get(id);
        this.connections.delete(id);
        if (server !== undefined) this.servers.get(server)?.onDisconnected(id);
        break;
      }
      case Event.LOG:
        log(buf.readUInt32LE(start), buf.utf8Slice(start + 4, end));
        break;
      default:
        throw new Error(`owt-grpc: event ${op} is not known: addon and JS are of different versions`);
    }
  }
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
