'use strict';

// Metadata as it crosses: for each entry the length of its key, the key, the length of the
// value, the value. Values of keys that end in -bin are Buffers, all others are text.

/** @typedef {Map<string, (string | Buffer)[]>} Entries all values of each key */

/**
 * @param {Entries} entries
 * @returns {Buffer | null} null if there is nothing in them
 */
function blockOf(entries) {
  /** @type {Buffer[]} */
  const parts = [];
  for (const [key, values] of entries) {
    const name = Buffer.from(key, 'latin1');
    for (const value of values) {
      const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
      const sizes = Buffer.allocUnsafe(6);
      sizes.writeUInt16LE(name.length, 0);
      sizes.writeUInt32LE(bytes.length, 2);
      parts.push(sizes.subarray(0, 2), name, sizes.subarray(2), bytes);
    }
  }
  return parts.length === 0 ? null : Buffer.concat(parts);
}

/**
 * @param {Buffer} block
 * @param {number} [start]
 * @param {number} [end]
 * @returns {Entries}
 */
function entriesOf(block, start = 0, end = block.length) {
  /** @type {Entries} */
  const entries = new Map();
  for (let at = start; at < end; ) {
    const nameEnd = at + 2 + block.readUInt16LE(at);
    const name = block.latin1Slice(at + 2, nameEnd);
    const valueEnd = nameEnd + 4 + block.readUInt32LE(nameEnd);
    const value = name.endsWith('-bin')
      ? Buffer.from(block.subarray(nameEnd + 4, valueEnd))
      : block.latin1Slice(nameEnd + 4, valueEnd);
    const values = entries.get(name);
    if (values === undefined) entries.set(name, [value]);
    else values.push(value);
    at = valueEnd;
  }
  return entries;
}

module.exports = { blockOf, entriesOf };
