'use strict';

// Signals for tests on every version of Node.js.

const { AbortController, timeoutSignal } = require('../../../lib/common/compat/abort');

/** A signal that has fired. */
function abortedSignal() {
  const controller = new AbortController();
  controller.abort();
  return controller.signal;
}

module.exports = { AbortController, abortedSignal, timeoutSignal };
