'use strict';

// What became of the bus's calls by id and method, for who reads metrics. Ids and
// methods are what callers choose: their number is bounded here, and what comes
// beyond it is counted together.

/** Pairs of an id and a method: OWT's processes have some dozens. */
const MOST = 1000;
const OTHERS = '(others)';

/** One method of one id. */
class MethodCounts {
  /**
   * @param {string} id
   * @param {string} method
   * @param {number} outcomes how many ways a call may end
   */
  constructor(id, method, outcomes) {
    this.labels = { id, method };
    /** @type {number[]} */
    this.outcomes = new Array(outcomes).fill(0);
    this.seconds = 0;
  }

  /**
   * @param {number} outcome
   * @param {number} seconds
   */
  end(outcome, seconds) {
    this.outcomes[outcome]++;
    this.seconds += seconds;
  }
}

class CountsByMethod {
  /** @param {readonly string[]} names of the outcomes */
  constructor(names) {
    this.names = names;
    /** @type {Map<string, Map<string, MethodCounts>>} by id and method */
    this.ids = new Map();
    this.size = 0;
    this.others = new MethodCounts(OTHERS, OTHERS, names.length);
  }

  /**
   * @param {string} id
   * @param {string} method
   * @returns {MethodCounts}
   */
  of(id, method) {
    return this.ids.get(id)?.get(method) ?? this.begin(id, method);
  }

  /**
   * @param {string} id
   * @param {string} method
   */
  begin(id, method) {
    if (this.size === MOST) return this.others;
    this.size += 1;
    const counts = new MethodCounts(id, method, this.names.length);
    const methods = this.ids.get(id);
    if (methods === undefined) this.ids.set(id, new Map([[method, counts]]));
    else methods.set(method, counts);
    return counts;
  }

  /** @returns {MethodCounts[]} those that calls have ended of */
  all() {
    const each = [...this.ids.values()].flatMap((methods) => [...methods.values()]);
    return [...each, this.others].filter(({ outcomes }) => outcomes.some((count) => count > 0));
  }
}

module.exports = { CountsByMethod, MOST, MethodCounts, OTHERS };
