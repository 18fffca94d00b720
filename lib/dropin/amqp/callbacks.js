'use strict';

const { log } = require('../../log');

const ERROR = 1;

/**
 * Calls what the user gave, if anything. What it throws is logged: in OWT's
 * workers an uncaught exception ends the process.
 *
 * @param {string} what for the log
 * @param {unknown} callback
 * @param {...any} args
 */
function call(what, callback, ...args) {
  if (typeof callback !== 'function') return;
  try {
    callback.apply({}, args);
  } catch (error) {
    log(ERROR, `${what}: a callback threw: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

module.exports = { call };
