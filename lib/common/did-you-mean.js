'use strict';

// What may have been meant by a name that is not known.

/**
 * @param {string} word that is not known
 * @param {string[]} known
 * @param {string} [prefix]
 */
function hint(word, known, prefix = '') {
  const best = nearest(word, known);
  return best === undefined ? '' : `; did you mean ${prefix}${best}?`;
}

/**
 * @param {string} word
 * @param {string[]} known
 * @param {number} [most] letters that may differ
 * @returns {string | undefined}
 */
function nearest(word, known, most = 2) {
  const [best] = known.map((name) => ({ name, edits: distance(word, name) })).sort((a, b) => a.edits - b.edits);
  return best !== undefined && best.edits <= most ? best.name : undefined;
}

/**
 * Letters to add, drop, change, or swap with a neighbour.
 *
 * @param {string} from
 * @param {string} to
 */
function distance(from, to) {
  if (Math.abs(from.length - to.length) > 2) return Infinity;
  const rows = [Array.from({ length: to.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = rows[i - 1][j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      row[j] = Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, change);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
    }
    rows.push(row);
  }
  return rows[from.length][to.length];
}

module.exports = { hint, nearest };
