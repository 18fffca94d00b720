'use strict';

// Handlers that answer with a stream: they write to their call, or return what is
// to be written.

const { plainStatus, statusOf } = require('./handler-status');
const { status } = require('../../common/status');
const { WARN, log } = require('../../common/log');
const { exception } = require('./handler-failure');
const { kindOf } = require('../../common/kind-of');

/** @typedef {import('./incoming-call').Arrival} Arrival */

/**
 * @param {Arrival} arrival
 * @param {any} call
 */
function runStream(arrival, call) {
  /** @param {any} error */
  const fail = (error) => call.answering.fail(statusOf(exception(arrival, error)));
  let returned;
  try {
    returned = arrival.handler.handle(call);
  } catch (error) {
    call.answering.fail(statusOf(exception(arrival, error, true)));
    return;
  }
  if (isIterable(returned) && returned !== call) writeAll(call, returned).catch(fail);
  else if (typeof returned?.then === 'function') returned.then((/** @type {any} */ value) => take(arrival, call, value)).then(undefined, fail);
  else if (returned !== undefined && returned !== call) misunderstood(arrival, call, returned);
}

/**
 * What the promise of a handler has come to.
 *
 * @param {Arrival} arrival
 * @param {any} call
 * @param {any} value
 * @returns {Promise<void> | void}
 */
function take(arrival, call, value) {
  if (value === undefined || value === call) return;
  if (isIterable(value)) return writeAll(call, value);
  misunderstood(arrival, call, value);
}

/** @param {any} value */
function isIterable(value) {
  if (value === null || typeof value !== 'object') return false;
  return typeof value[Symbol.asyncIterator] === 'function' || typeof value[Symbol.iterator] === 'function';
}

/**
 * Writes what was returned, no faster than the client reads. It is ended when the
 * client goes.
 *
 * @param {any} call
 * @param {any} messages
 */
async function writeAll(call, messages) {
  const isAsync = typeof messages[Symbol.asyncIterator] === 'function';
  const iterator = isAsync ? messages[Symbol.asyncIterator]() : messages[Symbol.iterator]();
  const end = async () => iterator.return?.(undefined);
  call.once('close', () => end().catch(() => {}));
  for (;;) {
    const { done, value } = await iterator.next();
    if (done) break;
    // As `for await` does: a list may be one of promises.
    if (!call.write(isAsync ? value : await value)) {
      if (call.destroyed || call.arrival.answered) return;
      await drained(call);
    }
  }
  call.end();
}

/** @param {any} call */
function drained(call) {
  return new Promise((resolve) => {
    const done = () => {
      call.off('drain', done);
      call.off('close', done);
      resolve(undefined);
    };
    call.once('drain', done);
    call.once('close', done);
  });
}

/** @type {WeakSet<Function>} handlers that have been warned of */
const warned = new WeakSet();

/**
 * It returned what cannot be written. It may have kept its call and write to it
 * later; one that takes no call and has done nothing with it will not.
 *
 * @param {Arrival} arrival
 * @param {any} call
 * @param {any} returned
 */
function misunderstood({ handler: { handle, method } }, call, returned) {
  const text = `The handler of ${method.path} returned ${kindOf(returned)}: it must return messages (a generator, a list or another iterable) or write to its call`;
  if (handle.length === 0 && call.isUntouched) call.answering.fail(plainStatus(status.INTERNAL, text));
  if (warned.has(handle)) return;
  warned.add(handle);
  log(WARN, text);
}

module.exports = { runStream };
