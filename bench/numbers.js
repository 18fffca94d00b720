'use strict';

function median(numbers) {
  const sorted = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** As many digits as a reader wants. */
const round = (number) => (number >= 100 ? Math.round(number) : Number(number?.toPrecision(3)));

module.exports = { median, round };
