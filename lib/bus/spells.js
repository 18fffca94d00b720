'use strict';

/** One spell is told of in so many ms; of those between, the next that is told of has the count. */
const APART = 10_000;

/**
 * When something is told that may happen a thousand times a second: as it begins, and how often it was when it is over. As
 * src/bus/spells.rs, without its timer.
 */
class Spells {
  constructor() {
    this.begun = -Infinity;
    this.isOpen = false;
    this.count = 0;
  }

  /**
   * It has happened.
   *
   * @param {number} now ms
   * @returns {boolean} whether to tell that it has begun
   */
  happened(now) {
    this.count++;
    if (this.isOpen || now < this.begun + APART) return false;
    this.isOpen = true;
    this.begun = now;
    return true;
  }

  /**
   * It is over.
   *
   * @param {number} now ms
   * @returns {number} how often to tell that it has happened; 0 for nothing to tell
   */
  over(now) {
    if (!this.isOpen && now < this.begun + APART) return 0;
    const { count } = this;
    if (count > 0 && !this.isOpen) this.begun = now;
    this.isOpen = false;
    this.count = 0;
    return count;
  }
}

module.exports = { Spells };
