'use strict';

// The two halves of any stream, client's or server's. A stream class of Node
// owns one or both and passes its own events on to them.

const commands = require('../../crossing/commands');
const { CREDIT_STEP, cost } = require('../../crossing/records');
const { areTicksReal, inRealTicks } = require('./real-ticks');

/** Written but not taken by the peer's window: from here on `write()` returns false. */
const HIGH_WATER = 64 * 1024;

/** @typedef {import('../../crossing/outbox').Outbox} Outbox */
/** @typedef {import('../../codec-runtime').Codec} Codec */
/** @typedef {import('../../observability/call-recorder').CallRecorder} CallRecorder */

/** Messages out. */
class Outgoing {
  /**
   * @param {Outbox} outbox
   * @param {number} id
   * @param {Codec} codec
   * @param {CallRecorder} recorder of the call
   */
  constructor(outbox, id, codec, recorder) {
    this.recorder = recorder;
    this.outbox = outbox;
    this.id = id;
    this.codec = codec;
    this.outstanding = 0;
    /** @type {(() => void) | null} */
    this.waiting = null;
  }

  /**
   * Sends a message and calls `taken` when the next one may come. Throws what
   * the encoder throws, having sent nothing.
   *
   * @param {any} message
   * @param {() => void} taken
   */
  write(message, taken) {
    const length = commands.message(this.outbox, this.id, this.codec, message);
    this.recorder.sent(length);
    this.outstanding += cost(length);
    if (this.outstanding < HIGH_WATER) taken();
    else this.waiting = taken;
  }

  /** @param {number} bytes taken by the peer's window */
  onWritable(bytes) {
    this.outstanding -= bytes;
    if (this.outstanding <= HIGH_WATER / 2) this.release();
  }

  /** Lets a writer go on: there is room, or the call is over. */
  release() {
    const taken = this.waiting;
    this.waiting = null;
    if (taken !== null) inRealTicks(taken, undefined);
  }
}

/**
 * Messages in. Keeps what the stream has not asked for, and reports what it has
 * taken, so that the peer sends no more than is read.
 */
class Incoming {
  /**
   * @param {Outbox} outbox
   * @param {number} id
   * @param {Codec} codec
   * @param {CallRecorder} recorder of the call
   * @param {(message: any) => boolean} push of the stream
   */
  constructor(outbox, id, codec, recorder, push) {
    this.recorder = recorder;
    this.outbox = outbox;
    this.id = id;
    this.codec = codec;
    this.push = push;
    /** @type {{ message: any, cost: number }[]} */
    this.queue = [];
    this.asked = false;
    this.ended = false;
    this.pushedEnd = false;
    this.consumed = 0;
  }

  /**
   * Reads a message that has come. Throws what the decoder throws.
   *
   * @param {import('../../crossing/message').Message} message
   */
  decode(message) {
    this.recorder.received(message.length);
    return this.codec.decode(message.buf, message.start, message.end);
  }

  /**
   * Listeners of the stream may run in this, and throw.
   *
   * @param {any} message
   * @param {number} length in bytes
   */
  arrived(message, length) {
    if (this.pushedEnd) return;
    if (this.asked && this.queue.length === 0) this.give(message, cost(length));
    else this.queue.push({ message, cost: cost(length) });
  }

  /** The stream wants more. */
  read() {
    this.asked = true;
    const { queue } = this;
    let given = 0;
    while (this.asked && given < queue.length) {
      const { message, cost: size } = queue[given++];
      this.give(message, size);
    }
    if (given > 0) queue.splice(0, given);
    this.endIfEmpty();
  }

  /** No more messages come; the stream ends behind those that are here. */
  end() {
    this.ended = true;
    this.endIfEmpty();
  }

  /** Nobody reads any more: what waits goes, what comes is ignored. */
  drop() {
    this.queue = [];
    this.asked = false;
    this.ended = true;
    this.pushedEnd = true;
  }

  /** Whether everything has been handed to the stream. */
  get isEmpty() {
    return this.queue.length === 0;
  }

  endIfEmpty() {
    if (!this.ended || this.queue.length > 0 || this.pushedEnd) return;
    this.pushedEnd = true;
    inRealTicks(this.push, undefined, null);
  }

  /**
   * @param {any} message
   * @param {number} size
   */
  give(message, size) {
    this.consumed += size;
    if (this.consumed >= CREDIT_STEP && !this.ended) {
      commands.credit(this.outbox, this.id, this.consumed);
      this.consumed = 0;
    }
    this.asked = areTicksReal() ? this.push(message) : inRealTicks(this.push, undefined, message);
  }
}

module.exports = { Outgoing, Incoming };
