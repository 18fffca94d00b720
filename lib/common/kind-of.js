'use strict';

// What was given where something else was expected, in the words of a message.

/** What is not shown as it is. @type {Record<string, string>} */
const KINDS = { function: 'a function', string: 'a text' };

/**
 * @param {unknown} value that something else was expected for
 */
function kindOf(value) {
  if (value === null || typeof value !== 'object') return KINDS[typeof value] ?? String(value);
  if (Array.isArray(value)) return 'an array';
  return `an object of ${value.constructor?.name ?? 'no class'}`;
}

module.exports = { kindOf };
