'use strict';

// W3C Trace Context: what a traceparent and a tracestate may be, and how they
// travel in a metadata block and in a frame of the bus. A peer may send
// anything: what is no traceparent is as good as none.

/** @typedef {{ traceparent?: string, tracestate?: string }} Carrier */

/** Version 00 is exactly this long; later ones may have more behind it, ff is none. */
const PARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-[ -~]{0,199})?$/;
const LENGTH = 55;
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

const PARENT_KEY = 'traceparent';
const STATE_KEY = 'tracestate';

/** Used over and over: an outbox copies a block before the next one is made. */
const scratch = Buffer.alloc(1024);
const HEAD = 2 + PARENT_KEY.length;
scratch.writeUInt16LE(PARENT_KEY.length, 0);
scratch.write(PARENT_KEY, 2, 'latin1');
/** A traceparent alone, as nearly all are. */
const plain = scratch.subarray(0, HEAD + 4 + LENGTH);
const parentKey = Buffer.from(PARENT_KEY);
const stateKey = Buffer.from(STATE_KEY);

/**
 * @param {Buffer} block
 * @param {number} at
 * @param {number} end
 * @param {Buffer} key
 */
function isKey(block, at, end, key) {
  if (end - at !== key.length) return false;
  for (let n = 0; n < key.length; n++) if (block[at + n] !== key[n]) return false;
  return true;
}

/**
 * The metadata entries of a valid carrier, until the next call of this function.
 *
 * @param {Carrier} carrier
 * @returns {Buffer}
 */
function toBlock({ traceparent, tracestate }) {
  const parent = /** @type {string} */ (traceparent);
  let at = HEAD + 4;
  // Quicker written here than by a call.
  for (let n = 0; n < parent.length; n++) scratch[at++] = parent.charCodeAt(n);
  scratch[HEAD] = parent.length;
  if (tracestate === undefined && parent.length === LENGTH) return plain;
  if (tracestate !== undefined) {
    at = scratch.writeUInt16LE(STATE_KEY.length, at);
    at += scratch.write(STATE_KEY, at, 'latin1');
    const length = scratch.write(tracestate, at + 4, 'latin1');
    at = scratch.writeUInt32LE(length, at) + length;
  }
  return scratch.subarray(0, at);
}

/**
 * The trace in a metadata block, without reading the rest of it.
 *
 * @param {Buffer | null} block
 * @returns {Carrier}
 */
function fromBlock(block) {
  /** @type {Carrier} */
  const carrier = {};
  if (block === null) return carrier;
  for (let at = 0; at < block.length; ) {
    const name = at + 2;
    const nameEnd = name + block.readUInt16LE(at);
    const value = nameEnd + 4;
    at = value + block.readUInt32LE(nameEnd);
    if (isKey(block, name, nameEnd, parentKey)) {
      // More than one are none, by the standard.
      carrier.traceparent = carrier.traceparent === undefined ? block.latin1Slice(value, at) : '';
    } else if (isKey(block, name, nameEnd, stateKey)) {
      const text = block.latin1Slice(value, at);
      carrier.tracestate = carrier.tracestate === undefined ? text : `${carrier.tracestate},${text}`;
    }
  }
  return carrier;
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

module.exports = { PARENT_KEY, fromBlock, fromText, toBlock, toText, valid };
