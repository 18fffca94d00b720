'use strict';

// A disk that goes away at a chosen change, as a kill or a loss of power makes it:
// a write is half done, and nothing is changed after it. Preloaded by a process,
// with OWT_TEST_KILL_AT=n, it kills the process there.

const fs = require('node:fs');

const CHANGES = ['mkdirSync', 'mkdtempSync', 'writeFileSync', 'fchmodSync', 'fchownSync', 'fsyncSync', 'renameSync', 'rmSync', 'rmdirSync', 'symlinkSync'];

class Gone extends Error {}

/**
 * Runs until the disk goes away, or to the end.
 *
 * @param {number} at the change that is the last one
 * @param {() => void} action
 * @param {() => void} [gone] called at that change
 * @returns {boolean} whether it ended before
 */
function withFailingDisk(at, action, gone = () => {}) {
  const restore = failAt(at, gone);
  try {
    action();
    return true;
  } catch (error) {
    if (restore.count() < at) throw error;
    return false;
  } finally {
    restore();
  }
}

/**
 * @param {number} at
 * @param {() => void} gone
 */
function failAt(at, gone) {
  let count = 0;
  // Node's own functions call each other.
  let inside = false;
  const whole = (original, args) => {
    inside = true;
    try {
      return original.apply(fs, args);
    } finally {
      inside = false;
    }
  };
  const originals = [...CHANGES, 'openSync'].map((name) => [name, fs[name]]);
  for (const [name, original] of originals) {
    fs[name] = (...args) => {
      if (inside || (name === 'openSync' && args[1] === 'r')) return original.apply(fs, args);
      count++;
      if (count < at) return whole(original, args);
      if (count === at) {
        if (name === 'writeFileSync') whole(original, [args[0], args[1].slice(0, args[1].length >> 1), args[2]]);
        gone();
      }
      throw new Gone(`the disk is gone at ${name}`);
    };
  }
  return Object.assign(() => originals.forEach(([name, original]) => (fs[name] = original)), { count: () => count });
}

if (process.env.OWT_TEST_KILL_AT) failAt(Number(process.env.OWT_TEST_KILL_AT), () => process.kill(process.pid, 'SIGKILL'));

module.exports = { withFailingDisk };
