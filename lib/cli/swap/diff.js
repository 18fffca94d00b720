'use strict';

// A unified diff, as `patch -p1` takes it.

const { lastOf } = require('../../common/compat/objects');

const CONTEXT = 3;

/** @typedef {{ kind: ' ' | '-' | '+', line: string }} Step */

/**
 * @param {string} name of the file, with slashes
 * @param {string} before
 * @param {string} after
 * @returns {string} empty if they are equal
 */
function unifiedDiff(name, before, after) {
  const steps = compared(linesOf(before), linesOf(after));
  const hunks = hunksOf(steps);
  if (hunks.length === 0) return '';
  return `--- a/${name}\n+++ b/${name}\n${hunks.map(({ from, to }) => hunk(steps, from, to)).join('')}`;
}

/** @param {string} text */
const linesOf = (text) => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/**
 * @param {string[]} before
 * @param {string[]} after
 * @returns {Step[]}
 */
function compared(before, after) {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < before.length - head && tail < after.length - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const same = (/** @type {string[]} */ lines) => lines.map((line) => /** @type {Step} */ ({ kind: ' ', line }));
  return [
    ...same(before.slice(0, head)),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...same(before.slice(before.length - tail)),
  ];
}

/**
 * By the longest common subsequence: what is left here is a few hundred lines at most.
 *
 * @param {string[]} before
 * @param {string[]} after
 * @returns {Step[]}
 */
function middle(before, after) {
  const length = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      length[i][j] = before[i] === after[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
    }
  }
  /** @type {Step[]} */
  const steps = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      steps.push({ kind: ' ', line: before[i++] });
      j++;
    } else if (j === after.length || (i < before.length && length[i + 1][j] >= length[i][j + 1])) steps.push({ kind: '-', line: before[i++] });
    else steps.push({ kind: '+', line: after[j++] });
  }
  return steps;
}

/**
 * Ranges of steps: changes with their context, joined where those meet.
 *
 * @param {Step[]} steps
 */
function hunksOf(steps) {
  /** @type {{ from: number, to: number }[]} */
  const hunks = [];
  steps.forEach(({ kind }, at) => {
    if (kind === ' ') return;
    const from = Math.max(0, at - CONTEXT);
    const to = Math.min(steps.length, at + CONTEXT + 1);
    const last = lastOf(hunks);
    if (last !== undefined && from <= last.to) last.to = to;
    else hunks.push({ from, to });
  });
  return hunks;
}

/**
 * @param {Step[]} steps
 * @param {number} from
 * @param {number} to
 */
function hunk(steps, from, to) {
  const count = (/** @type {Step[]} */ some, /** @type {string} */ kind) => some.filter((step) => step.kind !== kind).length;
  const [earlier, inside] = [steps.slice(0, from), steps.slice(from, to)];
  const range = (/** @type {string} */ other) => {
    const lines = count(inside, other);
    return `${count(earlier, other) + (lines > 0 ? 1 : 0)},${lines}`;
  };
  const body = inside.map(({ kind, line }) => `${kind}${line}${line.endsWith('\n') ? '' : '\n\\ No newline at end of file\n'}`);
  return `@@ -${range('+')} +${range('-')} @@\n${body.join('')}`;
}

module.exports = { compared, linesOf, unifiedDiff };
