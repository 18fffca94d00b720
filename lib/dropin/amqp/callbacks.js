'use strict';

const { stackOf } = require('../../common/errors');
const { log } = require('../../common/log');

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
  if (typeof callback === 'function') callOf(what, () => callback, args);
}

/**
 * The same for what is yet to be read, which may throw, too.
 *
 * @param {string} what
 * @param {() => unknown} read
 * @param {any[]} args
 */
function callOf(what, read, args) {
  try {
    const callback = read();
    if (typeof callback !== 'function') return;
    callback.apply({}, args);
  } catch (error) {
    log(ERROR, `${what}: a callback threw: ${stackOf(error)}`);
  }
}

module.exports = { call, callOf };
