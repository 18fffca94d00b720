'use strict';

// How long calls took, of counts by steps: see src/bus/member/tally.rs.

/** @typedef {{ upToMs: number[], calls: number[] }} Latency */

/**
 * @param {Latency | undefined} now
 * @param {Latency | undefined} [before] what is not counted
 * @returns {number | null} ms that 99 of 100 calls took at most, by steps, Infinity for more than the last; null without a call
 */
function p99(now, before) {
  if (now === undefined) return null;
  const counts = now.calls.map((count, n) => count - (before === undefined ? 0 : before.calls[n]));
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all <= 0) return null;
  let counted = 0;
  const step = counts.findIndex((count) => (counted += count) >= 0.99 * all);
  return step < now.upToMs.length ? now.upToMs[step] : Infinity;
}

module.exports = { p99 };
