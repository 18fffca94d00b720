'use strict';

const { inspect } = require('node:util');

const SHOWN = '[secret]';

/**
 * A value that no log, error text or JSON shows: only `reveal()` gives it, so
 * that each place where a secret is used can be found by that word.
 *
 * @template T
 */
class Secret {
  /** @type {T} */
  #value;

  /** @param {T} value */
  constructor(value) {
    this.#value = value;
  }

  /** @returns {T} */
  reveal() {
    return this.#value;
  }

  toString() {
    return SHOWN;
  }

  toJSON() {
    return SHOWN;
  }

  [inspect.custom]() {
    return SHOWN;
  }
}

module.exports = { Secret };
