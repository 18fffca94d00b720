'use strict';

// Metadata: keys in lower case, each with one or more values. Values of keys
// that end in -bin are Buffers, all others are strings of visible ASCII.

const { hasFields } = require('../common/fields');
const { kindOf } = require('../common/kind-of');
const { blockOf } = require('../crossing/metadata-block');

const KEY = /^[0-9a-z_.-]+$/;
const NOT_ASCII = /[^ -~]/u;

/** What a length of 16 bits has room for, on the crossing and in HTTP's libraries. */
const LONGEST_KEY = 0xffff;

/** What a call says itself; src/grpc/metadata.rs has the same list. Others that begin with grpc- are anybody's. */
const OF_GRPC = new Set([
  'te',
  'content-type',
  'grpc-timeout',
  'grpc-encoding',
  'grpc-accept-encoding',
  'grpc-message-type',
  'grpc-status',
  'grpc-message',
]);

/** What HTTP/1 says of its connections and bodies: HTTP/2 forbids it, or has a form of its own. */
const OF_HTTP_1 = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'content-length',
  'host',
]);

/** @typedef {string | Buffer} Value */
/** @typedef {Metadata | Record<string, Value | Value[]> | Iterable<readonly [string, Value | Value[]]>} MetadataLike */
/** @typedef {(key: string, error: unknown) => void} Refused what is done about an entry that cannot be sent */

/** @type {Refused} */
const fail = (_key, error) => {
  throw error;
};

class Metadata {
  constructor() {
    /** @type {Map<string, Value[]>} */
    this.entries = new Map();
  }

  /**
   * Metadata from itself, from a plain object, or from pairs of key and value, as Map and Headers have them.
   *
   * @param {MetadataLike} from
   * @param {Refused} [refused]
   */
  static from(from, refused = fail) {
    if (from instanceof Metadata) return from;
    // A Metadata of another gRPC library has the same face.
    const source = /** @type {any} */ (from);
    const isOfOther = typeof source?.toHttp2Headers === 'function' && typeof source.get === 'function';
    const metadata = new Metadata();
    for (const [key, values] of isOfOther ? entriesOf(source) : pairsOf(from)) {
      for (const value of Array.isArray(values) ? values : [values]) {
        try {
          metadata.add(key, value);
        } catch (error) {
          refused(key, error);
        }
      }
    }
    return metadata;
  }

  /**
   * @param {string} key
   * @param {Value} value replaces all values of the key
   */
  set(key, value) {
    const name = checked(key, value);
    this.entries.set(name, [value]);
  }

  /**
   * @param {string} key
   * @param {Value} value joins the values of the key
   */
  add(key, value) {
    const name = checked(key, value);
    const values = this.entries.get(name);
    if (values === undefined) this.entries.set(name, [value]);
    else values.push(value);
  }

  /** @param {string} key */
  remove(key) {
    this.entries.delete(normal(key));
  }

  /**
   * @param {string} key
   * @returns {Value[]} all values of the key, empty if there are none
   */
  get(key) {
    return [...(this.entries.get(normal(key)) ?? [])];
  }

  /** @returns {Record<string, Value>} the first value of each key */
  getMap() {
    /** @type {Record<string, Value>} */
    const map = {};
    for (const [key, values] of this.entries) map[key] = values[0];
    return map;
  }

  /** @returns {Metadata} */
  clone() {
    const copy = new Metadata();
    copy.merge(this);
    return copy;
  }

  /** @param {Metadata} other its values join ours */
  merge(other) {
    for (const [key, values] of other.entries) {
      this.entries.set(key, [...(this.entries.get(key) ?? []), ...values]);
    }
  }

  /** @returns {Record<string, Value[]>} all values of each key */
  toJSON() {
    return Object.fromEntries(this.entries);
  }

  /**
   * What crosses, null if there is nothing in it.
   *
   * @returns {Buffer | null}
   */
  toBlock() {
    return blockOf(this.entries);
  }

  /**
   * @param {import('../crossing/metadata-block').Entries} entries as they have crossed
   * @returns {Metadata}
   */
  static ofEntries(entries) {
    const metadata = new Metadata();
    metadata.entries = entries;
    return metadata;
  }
}

/**
 * @param {any} other a Metadata of another library
 * @returns {[string, Value[]][]}
 */
const entriesOf = (other) => Object.keys(other.getMap()).map((key) => [key, other.get(key)]);

/**
 * @param {any} from
 * @returns {Iterable<[string, Value | Value[]]>}
 */
function pairsOf(from) {
  if (hasFields(from)) return Object.entries(from);
  if (typeof from !== 'object' || typeof from?.[Symbol.iterator] !== 'function') {
    throw new TypeError(`metadata must be an object, pairs of key and value, or a Metadata, not ${kindOf(from)}`);
  }
  const pairs = [...from];
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) throw new TypeError(`metadata that is a list must have pairs of key and value, not ${kindOf(pair)}`);
  }
  return pairs;
}

/** @param {string} key */
function normal(key) {
  return String(key).toLowerCase();
}

/**
 * @param {string} key
 * @param {Value} value
 */
function checked(key, value) {
  const name = normal(key);
  if (name.length > LONGEST_KEY) throw new Error(`Metadata key "${name.slice(0, 40)}..." has ${name.length} characters, ${LONGEST_KEY} at most can be sent`);
  if (!KEY.test(name)) throw new Error(`Metadata key "${name}" contains illegal characters`);
  if (OF_GRPC.has(name)) throw new Error(`Metadata key "${name}" is reserved for gRPC`);
  if (OF_HTTP_1.has(name)) throw new Error(`Metadata key "${name}" is a header of HTTP/1, which HTTP/2 does not carry: leave it out`);
  if (name.endsWith('-bin')) {
    if (!Buffer.isBuffer(value)) throw new Error(`Metadata key "${name}" ends in -bin: its values must be Buffers`);
  } else if (typeof value !== 'string') {
    throw new Error(`Metadata key "${name}" does not end in -bin: its values must be strings`);
  } else {
    // The value may be a secret, and long: the character says what to look for.
    const odd = NOT_ASCII.exec(value);
    if (odd !== null) throw new Error(`Metadata value of "${name}" contains ${JSON.stringify(odd[0])}, and only printable ASCII can be sent: use a key that ends in -bin`);
  }
  return name;
}

module.exports = { Metadata };
