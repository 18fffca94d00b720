'use strict';

// A reporter of Node's test runner, beside the one that people read: which files
// took longest, in the end. What is told of a file is the sum of its tests, without
// the start of its process.

const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const MOST = 10;

/** @param {AsyncIterable<{ type: string, data: any }>} events */
module.exports = async function* (events) {
  /** @type {Map<string, number>} milliseconds by file */
  const took = new Map();
  for await (const { type, data } of events) {
    const isWhole = (type === 'test:pass' || type === 'test:fail') && data.nesting === 0;
    if (isWhole && data.file) took.set(data.file, (took.get(data.file) ?? 0) + data.details.duration_ms);
  }
  const slowest = [...took].sort(([, a], [, b]) => b - a).slice(0, MOST);
  for (const [file, ms] of slowest) yield `${(ms / 1000).toFixed(1).padStart(6)} s  ${path.relative(root, file)}\n`;
};
