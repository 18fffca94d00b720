'use strict';

// W3C Trace Context: what a traceparent and a tracestate may be, and how they
// travel in a frame of the bus; crossing/trace-block.js has how in metadata. A peer may
// send anything: what is no traceparent is as good as none.

const { LENGTH } = require('../crossing/trace-block');

/** @typedef {import('../crossing/trace-block').Carrier} Carrier */

/** Version 00 is exactly LENGTH long; later ones may have more behind it, ff is none. */
const PARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-[ -~]{0,199})?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
/** Longer ones are not passed on, which the standard allows. */
const STATE = /^[ -~]{1,512}$/;

/** The codes of the lower-case hex digits, and where the dashes are. */
const isHex = new Uint8Array(128);
for (const digit of '0123456789abcdef') isHex[digit.charCodeAt(0)] = 1;
const isDash = new Uint8Array(LENGTH);
for (const at of [2, 35, 52]) isDash[at] = 1;

/** @param {string} text */
function isParent(text) {
  // Nearly all are of version 00, and a loop is quicker than a pattern.
  if (text.length === LENGTH) {
    for (let n = 0; n < LENGTH; n++) {
      const code = text.charCodeAt(n);
      if (isDash[n] === 1 ? code !== 45 : isHex[code] !== 1) return false;
    }
    return !text.startsWith(NO_TRACE, 3) && !text.startsWith(NO_SPAN, 36) && !text.startsWith('ff');
  }
  if (!PARENT.test(text) || text.startsWith(NO_TRACE, 3) || text.startsWith(NO_SPAN, 36) || text.startsWith('ff')) return false;
  return !text.startsWith('00');
}

/**
 * A carrier if it is valid, otherwise what is valid of it: null if nothing is.
 *
 * @param {{ traceparent?: unknown, tracestate?: unknown }} carrier
 * @returns {{ traceparent: string, tracestate?: string } | null}
 */
function valid(carrier) {
  const { traceparent, tracestate } = carrier;
  if (typeof traceparent !== 'string' || !isParent(traceparent)) return null;
  if (tracestate === undefined || (typeof tracestate === 'string' && STATE.test(tracestate))) return /** @type {any} */ (carrier);
  return { traceparent };
}

/**
 * As a frame of the bus has it.
 *
 * @param {Carrier} carrier
 */
function toText({ traceparent = '', tracestate }) {
  return tracestate === undefined ? traceparent : `${traceparent} ${tracestate}`;
}

/**
 * @param {string} text
 * @returns {Carrier}
 */
function fromText(text) {
  const space = text.indexOf(' ');
  return space < 0 ? { traceparent: text } : { traceparent: text.slice(0, space), tracestate: text.slice(space + 1) };
}

module.exports = { fromText, toText, valid };
