'use strict';

// Node's streams ask `process` for nextTick whenever they need it. Where a test
// library has put its own there, those of calls would stop; so they are at work
// with Node's own.

const { nextTick } = process;
/**
 * What `process` has, without the search that each look at it is: V8 knows what an
 * object inherits until it changes.
 */
const inherited = Object.create(process);

/**
 * What makes a stream of Node schedule something, besides what is done for each
 * message: reading and writing look by themselves.
 */
const METHODS = ['on', 'addListener', 'resume', 'pause', 'pipe', 'end', 'destroy', '_final', '_destroy'];

/** Whether Node's own is there. */
const areTicksReal = () => inherited.nextTick === nextTick;

/**
 * @param {(...args: any[]) => any} work
 * @param {any} self
 * @param {any} [a]
 * @param {any} [b]
 * @param {any} [c]
 */
function inRealTicks(work, self, a, b, c) {
  if (areTicksReal()) return work.call(self, a, b, c);
  const theirs = process.nextTick;
  process.nextTick = nextTick;
  try {
    return work.call(self, a, b, c);
  } finally {
    process.nextTick = theirs;
  }
}

/** @param {{ prototype: any }} stream a class, whole */
function keepTicks({ prototype }) {
  for (const name of METHODS) {
    const method = prototype[name];
    if (typeof method !== 'function') continue;
    /** @type {(this: any, a?: any, b?: any, c?: any) => any} */
    const value = function (a, b, c) {
      return inRealTicks(method, this, a, b, c);
    };
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}

module.exports = { areTicksReal, inRealTicks, keepTicks };
