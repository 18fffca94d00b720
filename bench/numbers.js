'use strict';

function median(numbers) {
  const sorted = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** As many digits as a reader wants. */
const round = (number) => (number >= 100 ? Math.round(number) : Number(number?.toPrecision(3)));

/**
 * The interval that holds the median of what was sampled with 95 %: between two of
 * the samples, as far from the ends as the binomial distribution says.
 */
function spread(numbers) {
  const sorted = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  let tail = 0;
  let term = 0.5 ** sorted.length;
  let below = 0;
  while (tail + term <= 0.025) {
    tail += term;
    term *= (sorted.length - below) / (below + 1);
    below += 1;
  }
  const rank = Math.max(below - 1, 0);
  return [sorted[rank], sorted[sorted.length - 1 - rank]];
}

module.exports = { median, round, spread };
