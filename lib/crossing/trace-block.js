'use strict';

// A W3C trace as a metadata block has it, written and read without the rest of the block:
// each call of a process that traces has one.

/** @typedef {{ traceparent?: string, tracestate?: string }} Carrier */

/** Of a traceparent of version 00. */
const LENGTH = 55;

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

module.exports = { LENGTH, PARENT_KEY, fromBlock, toBlock };
