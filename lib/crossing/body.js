'use strict';

// The body of a record of the bus, as it is written and read: JSON, or a head of JSON
// and ASCII texts behind its line end. What they say, lib/bus/body.js knows.

const { Repeated } = require('./repeated');

/** What a body with texts begins with. */
const MARK = '\x01';
const LINE_END = 10;

/** A body with texts beside its JSON. */
class Beside {
  /**
   * @param {string} head up to the line end
   * @param {string} texts ASCII
   */
  constructor(head, texts) {
    this.head = head;
    this.texts = texts;
  }
}

/** @typedef {string | Beside} Body JSON, or that and texts */

/**
 * Writes a body at the end of a record.
 *
 * @param {import('./outbox').Outbox} outbox
 * @param {Body} body
 * @returns {number} its length in bytes
 */
function write(outbox, body) {
  return typeof body === 'string' ? outbox.rest(body) : outbox.rest(body.head) + outbox.ascii(body.texts);
}

/** `{"data":"ok"}` and its like. */
const bodies = new Repeated();

/**
 * Reads a body that ends at `end`. Nothing is looked at yet.
 *
 * @param {Buffer} buf
 * @param {number} start
 * @param {number} end
 * @param {string[] | null} [outside] the body's parts if it is not in the record
 * @returns {Body}
 */
function read(buf, start, end, outside = null) {
  if (outside !== null) return outside.length === 1 ? outside[0] : new Beside(outside[0], outside[1]);
  if (buf[start] !== MARK.charCodeAt(0) || start === end) return bodies.read(buf, start, end);
  const line = buf.indexOf(LINE_END, start) + 1;
  // Without a line end there is none of ours before the end either.
  if (line === 0 || line > end) return buf.utf8Slice(start, end);
  return new Beside(buf.utf8Slice(start, line), buf.latin1Slice(line, end));
}

/**
 * How many bytes a body has, for `read`'s arguments.
 *
 * @param {Buffer} buf
 * @param {number} start
 * @param {number} end
 * @param {string[] | null} outside
 */
const sizeOf = (buf, start, end, outside) => (outside === null ? end - start : buf.readUInt32LE(start));

module.exports = { Beside, MARK, read, sizeOf, write };
