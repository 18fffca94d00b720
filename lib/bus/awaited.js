'use strict';

// What a member has asked its native side for, and waits to come into effect:
// an id that is served, a subscription, a status.

const { BusError } = require('./errors');

class Awaited {
  constructor() {
    /** @type {Map<number, (value: any) => void>} by the number that crosses */
    this.waiting = new Map();
    this.next = 1;
  }

  /**
   * Throws what asking throws.
   *
   * @param {(number: number) => void} ask
   * @returns {Promise<any>} see settle, decline and close
   */
  ask(ask) {
    const number = this.next++;
    ask(number);
    return new Promise((resolve) => this.waiting.set(number, resolve));
  }

  /**
   * @param {number} number
   * @param {any} value
   */
  settle(number, value) {
    const resolve = this.waiting.get(number);
    this.waiting.delete(number);
    resolve?.(value);
  }

  /**
   * It will not come into effect.
   *
   * @param {number} number
   * @param {string} why
   */
  decline(number, why) {
    if (this.waiting.has(number)) this.settle(number, Promise.reject(new BusError('REFUSED', why)));
  }

  /** The member has left: what still waits ends with null. */
  close() {
    for (const resolve of this.waiting.values()) resolve(null);
    this.waiting.clear();
  }
}

module.exports = { Awaited };
