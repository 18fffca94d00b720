'use strict';

// A reporter of Node's test runner: what ends.js tells, and in the end which files
// took longest. That is the sum of the tests that are written in a file, without
// the start of its process. It is no third reporter, since Node warns of too many
// listeners from three on.

const path = require('node:path');
const ends = require('./ends');

const root = path.join(__dirname, '..', '..');
const MOST = 10;

/** @param {AsyncIterable<{ type: string, data: any }>} events */
module.exports = async function* (events) {
  /** @type {Map<string, number>} milliseconds by file */
  const took = new Map();
  yield* ends(counted(events, took));
  const slowest = [...took].sort(([, a], [, b]) => b - a).slice(0, MOST);
  for (const [file, ms] of slowest) yield `${(ms / 1000).toFixed(1).padStart(6)} s  ${path.relative(root, file)}\n`;
};

/**
 * @param {AsyncIterable<{ type: string, data: any }>} events
 * @param {Map<string, number>} took
 */
async function* counted(events, took) {
  for await (const event of events) {
    const { type, data } = event;
    const isOfFile = (type === 'test:pass' || type === 'test:fail') && data.nesting === 0 && data.file;
    if (isOfFile) took.set(data.file, (took.get(data.file) ?? 0) + data.details.duration_ms);
    yield event;
  }
}
