'use strict';

// What the generated codec requires: messages and services as the rest of the
// package sees them, and what encoders and decoders call.

const { Buffer } = require('node:buffer');
const { hasOwn } = require('../common/compat/objects');
const reader = require('./reader');
const { Writer } = require('./writer');

const EMPTY = Buffer.alloc(0);

/** Longer messages are read string by string: a substring of one would keep all of its text alive. */
const TEXT_AT_ONCE = 4096;

/** @param {string} path */
function objectExpected(path) {
  return new TypeError(`${path}: object expected`);
}

/** @param {string} path */
function arrayExpected(path) {
  return new TypeError(`${path}: array expected`);
}

/**
 * @typedef {(d: any, w: Writer) => void} Encode
 * @typedef {(buf: Buffer, pos: number, end: number, text: string | null, base: number) => any} Decode
 */

/**
 * What an object of a message may have: by each field null, or the codec of what is
 * in it; by the name of a oneof, which decoders give, undefined.
 *
 * @typedef {Record<string, Codec | null | undefined>} Fields
 *
 * What the rest of the package sees of a message.
 *
 * @typedef {object} Codec
 * @property {string} name full name, such as `owt.PublishRequest`
 * @property {() => Fields} fields
 * @property {(object: any, writer: Writer) => void} encode appends the message's bytes
 * @property {(buf: Buffer, start: number, end: number) => any} decode the object with all defaults
 * @property {(buf: Buffer, start: number, end: number) => any} decodeBare the object without unset fields
 */

/**
 * @param {string} name
 * @param {() => Fields} fields
 * @param {Encode} encode
 * @param {Decode} decode
 * @param {Decode} [bare] for the messages that travel inside of an Any
 * @returns {Codec}
 */
function codec(name, fields, encode, decode, bare = decode) {
  return {
    name,
    fields,
    encode(object, writer) {
      if (object == null) throw objectExpected(`.${name}`);
      encode(object, writer);
    },
    decode: (buf, start, end) => decode(buf, start, end, textOf(buf, start, end), start),
    decodeBare: (buf, start, end) => bare(buf, start, end, textOf(buf, start, end), start),
  };
}

/**
 * @param {Buffer} buf
 * @param {number} start
 * @param {number} end
 */
function textOf(buf, start, end) {
  return end - start > TEXT_AT_ONCE ? null : buf.latin1Slice(start, end);
}

/**
 * An enum: names in objects, numbers on the wire.
 *
 * @param {Record<string, number>} numbers by name
 */
function enumeration(numbers) {
  const byName = new Map(Object.entries(numbers));
  const names = new Map([...byName].map(([name, number]) => [number, name]));
  return {
    /** @param {unknown} value @returns {number | undefined} undefined for what is neither one of its names nor a number */
    number: (value) => (typeof value === 'number' ? value : byName.get(/** @type {string} */ (value))),
    /** @param {number} number @returns {string | number} the number itself if it has no name */
    name: (number) => names.get(number) ?? number,
  };
}

/**
 * Puts an entry into a map. `__proto__` is a key like all others.
 *
 * @param {Record<string, any>} map
 * @param {{ key: string, value: any }} entry
 */
function put(map, { key, value }) {
  Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
}

/**
 * @typedef {object} Method
 * @property {string} name as in the proto
 * @property {string} originalName as JavaScript calls it
 * @property {string} path
 * @property {boolean} requestStream
 * @property {boolean} responseStream
 * @property {Codec} request
 * @property {Codec} response
 *
 * @typedef {object} File
 * @property {string} file
 * @property {File[]} imports
 * @property {Record<string, Codec>} messages
 * @property {{ name: string, methods: Method[] } | null} service
 *
 * What reflection tells of one proto file.
 *
 * @typedef {object} Descriptor
 * @property {string} file its name, as imports write it
 * @property {Descriptor[]} imports
 * @property {Record<string, 'service' | 'method' | 'message' | 'enum'>} symbols by full name
 * @property {Buffer} bytes a FileDescriptorProto
 *
 * @typedef {object} Contract
 * @property {string} type OWT's name, or the full name of a standard service
 * @property {string} file
 * @property {{ name: string, methods: Method[] } | null} service
 * @property {Descriptor} descriptor
 * @property {(fullName: string) => Codec | undefined} lookup searches this type's file and its imports
 */

/**
 * One type of OWT: its file and all that this imports. Other types may give
 * the same names to other messages.
 *
 * @param {string} type
 * @param {() => File} load
 * @param {() => Descriptor} describe
 * @returns {Contract}
 */
function contract(type, load, describe) {
  /** @param {File} file @param {string} name @returns {Codec | undefined} */
  const search = (file, name) => {
    if (hasOwn(file.messages, name)) return file.messages[name];
    for (const imported of file.imports) {
      const found = search(imported, name);
      if (found) return found;
    }
    return undefined;
  };
  return {
    type,
    get file() {
      return load().file;
    },
    get service() {
      return load().service;
    },
    get descriptor() {
      return describe();
    },
    lookup: (name) => search(load(), name),
  };
}

// `world` is what the generated modules call a contract.
module.exports = { ...reader, EMPTY, Writer, arrayExpected, codec, enumeration, objectExpected, put, world: contract };
