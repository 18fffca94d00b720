'use strict';

// How much this process may hold for its peers: what came and was not taken, and
// what they have not taken. One bound for all threads; src/grpc/budget/mod.rs keeps it.

const { isBufferedBound, LEAST_BUFFERED } = require('../common/environment');
const { getBridge } = require('./bridge');
const { kindOf } = require('../common/kind-of');

/** @param {number} bytes see index.d.ts */
function setMaxBufferedBytes(bytes) {
  if (!isBufferedBound(bytes)) {
    const what = typeof bytes === 'number' ? bytes : kindOf(bytes);
    throw new TypeError(`setMaxBufferedBytes takes a whole number of bytes, at least ${LEAST_BUFFERED}, not ${what}`);
  }
  getBridge().native.limitBuffered(bytes, 'program');
}

module.exports = { setMaxBufferedBytes };
