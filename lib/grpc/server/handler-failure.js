'use strict';

// What becomes of a handler's failure: what its client is told, and what the log
// says.
//
// What a handler answers with by its own will is told: what it calls back with or
// emits as 'error', and whatever has a status's code and details, whichever way it
// comes. All else is an exception: thrown, at once or later, rejected with, or what
// a stream was destroyed with, as pipeline() does. `hideThrown` hides exceptions.

const { messageOf, stackOf } = require('../../common/errors');
const { status } = require('../../common/status');
const { WARN, isLogged, log } = require('../../common/log');
const { hasCode, plainStatus } = require('./handler-status');

/** @typedef {import('./incoming-call').Arrival} Arrival */

const UNKNOWN = Object.freeze(plainStatus(status.UNKNOWN, 'Unknown error'));

/**
 * A code alone makes no status: those of databases and of the system are numbers, too.
 *
 * @param {any} error
 */
const isStatus = (error) => hasCode(error) && typeof error.details === 'string';

/**
 * @param {Arrival} arrival
 * @param {any} error
 * @param {boolean} [isAtOnce] thrown before the handler returned
 * @returns {any} what to answer with
 */
function exception(arrival, error, isAtOnce = false) {
  if (isStatus(error)) return error;
  logFailure(arrival, error);
  if (error == null || arrival.server.hides(isAtOnce)) return UNKNOWN;
  return typeof error === 'object' ? error : plainStatus(status.UNKNOWN, messageOf(error));
}

/**
 * @param {Arrival} arrival
 * @param {any} error
 * @returns {any} what to answer with
 */
function given(arrival, error) {
  if (!arrival.server.isAnswer(error)) logFailure(arrival, error);
  return error;
}

/**
 * Once per call. What fails because its client is gone is no surprise.
 *
 * @param {Arrival} arrival
 * @param {unknown} error
 */
function logFailure(arrival, error) {
  if (arrival.isLogged || arrival.cancelled || !isLogged(WARN)) return;
  arrival.isLogged = true;
  log(WARN, `${arrival.handler.method.path} failed: ${stackOf(error)}`);
}

module.exports = { exception, given, logFailure };
