'use strict';

/** Heads that are gone are cut off when there are so many, and as many as the rest. */
const MANY = 1024;

/**
 * First in, first out. An array's `shift()` moves all that is behind: reading
 * a long one to its end takes time by the square of its length.
 *
 * @template T
 */
class Queue {
  constructor() {
    /** @type {(T | undefined)[]} */
    this.items = [];
    this.head = 0;
  }

  get length() {
    return this.items.length - this.head;
  }

  /** @param {T} item */
  push(item) {
    this.items.push(item);
  }

  /** @returns {T | undefined} */
  shift() {
    const { items } = this;
    if (this.head === items.length) return undefined;
    const item = items[this.head];
    items[this.head++] = undefined;
    if (this.head === items.length) {
      this.clear();
    } else if (this.head >= MANY && this.head * 2 >= items.length) {
      this.items = items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  clear() {
    this.items = [];
    this.head = 0;
  }
}

module.exports = { Queue };
