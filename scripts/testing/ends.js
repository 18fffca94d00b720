'use strict';

// A reporter of Node's test runner, beside the one that people read: says how
// the process of a test file ended if it did not end well, which that one
// leaves out. A signal that nobody sent is a crash, and the next thing to look for.

/** @param {AsyncIterable<{ type: string, data: any }>} events */
module.exports = async function* (events) {
  for await (const { type, data } of events) {
    const { exitCode, signal } = (type === 'test:fail' && data.details.error) || {};
    if (signal) yield `${data.name}: its process ended by ${signal}\n`;
    else if (exitCode) yield `${data.name}: its process ended with exit code ${exitCode}\n`;
  }
};
