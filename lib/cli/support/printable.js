'use strict';

// Words of a command line in messages.

/**
 * Nothing of a command line may drive the terminal.
 *
 * @param {string} text
 */
function printable(text) {
  return text.replace(/[^ -~]/g, '?').slice(0, 40);
}

module.exports = { printable };
