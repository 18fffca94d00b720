'use strict';

// Waiting until handlers are through.

const { clearTimeout, setTimeout } = require('../common/clock');

/** How many are at work, and who waits for none to be. */
class AtWork {
  constructor() {
    this.count = 0;
    /** @type {(() => void)[]} */
    this.waiting = [];
  }

  begin() {
    this.count++;
  }

  end() {
    if (--this.count > 0 || this.waiting.length === 0) return;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** @returns {Promise<void>} when none is at work */
  none() {
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

/**
 * @param {number} ms
 * @param {Promise<unknown>} work
 * @returns {Promise<void>} when the work is done, or the time is over
 */
async function within(ms, work) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const over = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, over]);
  clearTimeout(timer);
}

module.exports = { AtWork, within };
