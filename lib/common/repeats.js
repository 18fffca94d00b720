'use strict';

// What is said again and again is said once, and then how often: a cause that stays would else fill a
// disk. As lib/bus/spells.js, for any number of causes that nobody tells the end of.

/** The first count is told after so many ms, and each one after that. */
const FIRST = 10_000;
const LATER = 60_000;
/** More causes at once than these are counted together. */
const MOST = 100;
const OTHERS = '';
/** A longer text is told by its beginning. */
const LONGEST = 1000;

/**
 * What two texts of one cause have in common. Figures that stand alone, such as a duration, are of the moment, and so is the
 * port that a connection came from; those that are part of another name or address are not.
 *
 * @param {string} text
 */
const causeOf = (text) => text.replace(/(?<=\bconnection from \S+:)\d+/g, '#').replace(/(?<![\w.:@-])\d+(?![\w.:@-])/g, '#');

class Repeats {
  constructor() {
    /** @type {Map<string, { count: number, text: string, since: number, until: number, many: boolean }>} by cause */
    this.causes = new Map();
  }

  /**
   * Something is to be said.
   *
   * @param {string} text
   * @param {number} now ms
   * @returns {boolean} whether to say it; else it is counted
   */
  happened(text, now) {
    const beginning = text.slice(0, LONGEST);
    const cause = causeOf(beginning);
    const many = this.causes.size >= MOST && !this.causes.has(cause);
    const known = this.causes.get(many ? OTHERS : cause);
    if (known !== undefined) {
      known.count++;
      known.text = beginning;
      return false;
    }
    this.causes.set(many ? OTHERS : cause, { count: many ? 1 : 0, text: beginning, since: now, until: now + FIRST, many });
    return !many;
  }

  /**
   * What has been counted long enough, to be told. A cause that did not come back is forgotten, and said again when it does.
   *
   * @param {number} now ms
   * @returns {{ text: string, count: number, ms: number, many: boolean }[]} the last text of a cause, how often it has come back
   *   within how long, and whether these were of many causes
   */
  over(now) {
    const told = [];
    for (const [cause, known] of this.causes) {
      if (known.until > now) continue;
      const { text, count, since, many } = known;
      if (count === 0) this.causes.delete(cause);
      else {
        told.push({ text, count, ms: now - since, many });
        Object.assign(known, { count: 0, since: now, until: now + LATER });
      }
    }
    return told;
  }

  /** @returns {number} when to ask for that, in ms; Infinity for not at all */
  next() {
    return Math.min(...[...this.causes.values()].map(({ until }) => until));
  }
}

module.exports = { FIRST, LATER, MOST, Repeats, causeOf };
