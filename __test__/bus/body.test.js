'use strict';

const { test } = require('node:test');
const assert = require('node:assert').strict;
const fc = require('fast-check');
const { Outbox } = require('../../lib/crossing/outbox');
const { read, write } = require('../../lib/crossing/body');
const body = require('../../lib/bus/body');
const { rounds } = require('../support/rounds');

/** @param {any} value @returns {Buffer | undefined} as the bus carries it */
function encode(value) {
  const encoded = body.encode(value);
  if (encoded === undefined) return undefined;
  const outbox = new Outbox(() => {});
  const length = write(outbox, encoded);
  assert.equal(length, outbox.pos);
  return Buffer.from(outbox.buf.subarray(0, length));
}

/** @param {Buffer} bytes somewhere in a buffer */
const decode = (bytes) => body.decode(read(Buffer.concat([Buffer.from('\n\x01'), bytes, Buffer.from('\n')]), 2, 2 + bytes.length));

const LINE = 'a=candidate:1 1 udp 2013266431 10.0.0.21 40123 typ host\r\n';
const SDP = LINE.repeat(40);
/** @param {Buffer | undefined} bytes */
const isLong = (bytes) => bytes?.[0] === 1;

/** @param {any} value */
function comesAsJson(value) {
  const json = JSON.stringify(value);
  const bytes = encode(value);
  if (bytes === undefined) assert.equal(json, undefined);
  else assert.deepEqual(decode(bytes), JSON.parse(json));
  return bytes;
}

test('what JSON carries comes as JSON would bring it, long texts anywhere in it', () => {
  const piece = fc.oneof(fc.constantFrom(LINE, '"', '\\', '\0', '\n', '\x01', 'é', '😀', '\ud800'), fc.string({ unit: 'binary' }));
  const text = fc.tuple(piece, fc.integer({ min: 1, max: 600 })).map(([part, count]) => part.repeat(count).slice(0, 3000));
  const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', '0', 'sdp'));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 5, depthSize: 'medium' }, text, fc.double(), fc.constantFrom(null, undefined, true, NaN), tie('list'), tie('object')),
    list: fc.array(tie('value'), { maxLength: 40 }),
    object: fc.dictionary(key, tie('value'), { noNullPrototype: false }),
  }));
  let long = 0;
  const numRuns = rounds(1000);
  fc.assert(fc.property(value, (one) => void (isLong(comesAsJson(one)) && long++)), { numRuns });
  assert.ok(long > numRuns / 10, `${long} of ${numRuns} had long texts`);
});

test('what JSON asks of a value is asked', () => {
  class Offer {
    constructor() {
      this.sdp = SDP;
    }

    get type() {
      return SDP;
    }
  }
  const odd = { toJSON: () => ({ sdp: SDP }), more: SDP };
  const sparse = [SDP];
  sparse[3] = SDP;
  const hidden = Object.defineProperty({ sdp: SDP }, 'more', { value: SDP, enumerable: false });
  for (const value of [SDP, new Offer(), odd, [odd], sparse, hidden, Object.assign([SDP], { more: SDP }), new String(SDP), new Date(), { f: () => {}, sdp: SDP }]) comesAsJson(value);
});

test('long texts are left alone in what is sent', () => {
  const value = Object.freeze([Object.freeze({ type: 'offer', sdp: SDP })]);
  const bytes = /** @type {Buffer} */ (encode(value));
  assert.ok(isLong(bytes));
  assert.equal(value[0].sdp, SDP);
  assert.ok(bytes.includes(LINE), 'as it is, not escaped');
  assert.notEqual(decode(bytes), decode(bytes));
});

test('short texts, and texts that are not ASCII, are JSON', () => {
  for (const value of [['x'.repeat(399)], ['é'.repeat(1000)], [{ a: { b: { c: SDP } } }]]) assert.equal(String(encode(value)), JSON.stringify(value));
});

test('what JSON has no form for is refused as JSON refuses it', () => {
  const circle = { sdp: SDP, self: {} };
  circle.self = circle;
  for (const value of [circle, { sdp: SDP, n: 1n }]) {
    assert.throws(
      () => encode(value),
      (error) => {
        assert.throws(() => JSON.stringify(value), { name: /** @type {Error} */ (error).name });
        return true;
      },
    );
  }
});

test('a body that is none is a SyntaxError and touches no prototype', () => {
  const bad = ['', '\x01', '\x01[1]', '\x01{}\n', '\x01null\n', '\x01[0,5]\n', '\x01[0,[2]]\nx', '\x01[0,[1]]\nxx', '\x01[0,[1,"a"]]\nx', '\x01[{},[1,"a"]]\nx'];
  bad.push('\x01[{},[1,"__proto__"]]\nx', '\x01[{},[1,"__proto__","polluted"]]\nx', '\x01[{},[1,"constructor","prototype","polluted"]]\nx', '\x01[[],[1,"length","x"]]\nx');
  for (const one of bad) assert.throws(() => decode(Buffer.from(one)), SyntaxError, JSON.stringify(one));
  assert.equal(/** @type {any} */ ({}).polluted, undefined);
});
