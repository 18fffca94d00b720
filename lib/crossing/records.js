'use strict';

// The numbers of docs/crossing.md.

/** Bytes before each record's body. */
const HEADER = 12;

/** Bytes before each message: a flag and its length. */
const PREFIX = 5;

const NO_TIMEOUT = 0xffffffff;

const Command = Object.freeze({
  CALL: 1,
  MESSAGE: 2,
  END: 3,
  CANCEL: 4,
  CREDIT: 5,
  REPLY: 6,
  HEADERS: 7,
  STATUS: 8,
  BUS_CALL: 20,
  BUS_CANCEL: 21,
  BUS_CAST: 22,
  BUS_PUBLISH: 23,
  BUS_REPLY: 24,
  BUS_SERVE: 25,
  BUS_SUBSCRIBE: 26,
  BUS_STATUS: 27,
  BUS_LEAVE: 28,
});

const CallFlag = Object.freeze({
  HAS_MESSAGE: 1,
  COMPLETE: 2,
  WAIT_FOR_READY: 4,
  UNARY: 8,
});

const Event = Object.freeze({
  REPLY: 1,
  HEADERS: 2,
  MESSAGE: 3,
  STATUS: 4,
  WRITABLE: 5,
  INCOMING: 6,
  HALF_CLOSED: 7,
  CLOSED: 8,
  LISTENING: 9,
  STOPPED: 10,
  LOG: 11,
  CONNECTED: 12,
  DISCONNECTED: 13,
  BUS_REPLY: 20,
  BUS_FAILED: 21,
  BUS_REQUEST: 22,
  BUS_MESSAGE: 23,
  BUS_DONE: 24,
  BUS_STATE: 25,
  BUS_STATUS: 26,
  BUS_GIVEN_UP: 27,
});

/** A flag whose meaning depends on its record. */
const FLAG = 1;

/** A flag of records of the bus: a trace comes first of all texts. */
const TRACED = 2;

/** A flag of records of the bus: the body is not in the record. */
const OUTSIDE = 4;

/** What has become of a member of the bus. */
const BusState = Object.freeze({ JOINED: 1, PARTED: 2, REFUSED: 3, LEFT: 4, WAITING: 5 });

/** How a server call ended. */
const Closed = Object.freeze({ FINISHED: 0, CANCELLED: 1, DEADLINE_EXCEEDED: 2, CONNECTION_LOST: 3 });

/**
 * What a stream message counts for in back-pressure.
 *
 * @param {number} length
 */
const cost = (length) => length + 64;

/** Read, but not yet said by CREDIT: from here on it is. */
const CREDIT_STEP = 32 * 1024;

module.exports = { BusState, CREDIT_STEP, CallFlag, Closed, Command, Event, FLAG, HEADER, NO_TIMEOUT, OUTSIDE, PREFIX, TRACED, cost };
