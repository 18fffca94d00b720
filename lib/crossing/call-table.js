'use strict';

const FIRST_SIZE = 1024;

/**
 * Calls by their ids. A Map would do but for V8's garbage collector: each time a
 * Map's table is renewed the old one keeps pointing at the new one and at what
 * it held, so one that has become old keeps all later calls from being
 * collected young. With many short calls that made pauses three times longer.
 *
 * Ids are given out in sequence, so their low bits are the place; the few that
 * find it taken, by a call that lasts, go to a Map.
 *
 * @template T
 */
class CallTable {
  /** @param {number} [size] a power of two */
  constructor(size = FIRST_SIZE) {
    this.mask = size - 1;
    this.ids = new Uint32Array(size);
    /** @type {(T | undefined)[]} */
    this.calls = new Array(size).fill(undefined);
    /** @type {Map<number, T>} */
    this.displaced = new Map();
    this.size = 0;
    this.next = 1;
  }

  /**
   * @param {number} id
   * @returns {T | undefined}
   */
  get(id) {
    const at = id & this.mask;
    if (this.ids[at] === id) return this.calls[at];
    return this.displaced.size === 0 ? undefined : this.displaced.get(id);
  }

  /** @param {number} id */
  has(id) {
    return this.get(id) !== undefined;
  }

  /**
   * @param {T} call
   * @returns {number} the id it is given: the next one that is free, never 0
   */
  add(call) {
    let id = this.next;
    while (id === 0 || this.has(id)) id = (id + 1) % 0x100000000;
    this.next = (id + 1) % 0x100000000;
    this.set(id, call);
    return id;
  }

  /**
   * @param {number} id not 0, not in the table
   * @param {T} call
   */
  set(id, call) {
    if (++this.size > this.mask >> 1) this.grow();
    this.place(id, call);
  }

  /**
   * @param {number} id
   * @param {T} call
   */
  place(id, call) {
    const at = id & this.mask;
    if (this.calls[at] === undefined) {
      this.ids[at] = id;
      this.calls[at] = call;
    } else {
      this.displaced.set(id, call);
    }
  }

  grow() {
    /** @type {CallTable<T>} */
    const larger = new CallTable(this.ids.length * 2);
    this.calls.forEach((call, at) => call !== undefined && larger.place(this.ids[at], call));
    this.displaced.forEach((call, id) => larger.place(id, call));
    const { size, next } = this;
    Object.assign(this, larger, { size, next });
  }

  /** @returns {T[]} all that are there now */
  values() {
    const placed = /** @type {T[]} */ (this.calls.filter((call) => call !== undefined));
    return [...placed, ...this.displaced.values()];
  }

  /**
   * @param {number} id
   * @returns {boolean} whether it was there
   */
  delete(id) {
    const at = id & this.mask;
    // A free place has the id 0, which is also the id of calls that never began.
    if (this.ids[at] === id && this.calls[at] !== undefined) {
      this.ids[at] = 0;
      this.calls[at] = undefined;
    } else if (!this.displaced.delete(id)) {
      return false;
    }
    this.size--;
    return true;
  }
}

module.exports = { CallTable };
