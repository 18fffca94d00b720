'use strict';

// Bodies are JSON, made and read by the engine, except for what it is slow at: it
// looks at every character of a text, which takes V8 some 5 µs for 1000. Long texts,
// such as an SDP, therefore go behind the JSON as they are:
//
//   '\x01'  [value, [length, key, key ...], ...]  '\n'  text text ...
//
// with 0 in their places in `value`, to which the keys lead. JSON begins with no
// '\x01' and has no line end in it. crossing/body.js has what is neither JSON nor text of it.

const { hasOwn } = require('../common/compat/objects');
const { Beside, MARK } = require('../crossing/body');

/** @typedef {string | number} Key */
/** @typedef {{ place: [number, ...Key[]], text: string }} Long */
/** @typedef {import('../crossing/body').Body} Body */

/** From this length on a text is long. */
const LONG = 400;
/** How deep texts are looked for, and at how many parts of each array and object. */
const LEVELS = 3;
const PARTS = 32;

/**
 * Whether JSON has all of a value and nothing but its own properties.
 *
 * @param {any} value
 */
function isPlain(value) {
  if (value === null || typeof value !== 'object' || typeof value.toJSON === 'function') return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * @param {any} value
 * @param {number} level
 * @returns {boolean}
 */
function hasLong(value, level) {
  if (typeof value === 'string') return value.length >= LONG;
  if (level === LEVELS || !isPlain(value)) return false;
  if (Array.isArray(value)) {
    const count = Math.min(value.length, PARTS);
    for (let n = 0; n < count; n++) if (hasLong(value[n], level + 1)) return true;
    return false;
  }
  let left = PARTS;
  for (const key in value) {
    if (left-- === 0) return false;
    if (hasLong(value[key], level + 1)) return true;
  }
  return false;
}

/**
 * Moves long texts out of a copy.
 *
 * @param {any} value
 * @param {Key[]} path that leads to it
 * @param {Long[]} found
 * @returns {any} the value itself if there are none
 */
function without(value, path, found) {
  if (typeof value === 'string') {
    // Where all are ASCII, characters are bytes on every way there.
    if (value.length < LONG || Buffer.byteLength(value) !== value.length) return value;
    found.push({ place: [value.length, ...path], text: value });
    return 0;
  }
  if (path.length === LEVELS || !isPlain(value)) return value;
  let copy = value;
  const move = (/** @type {Key} */ key) => {
    const part = value[key];
    // Most parts are short texts and numbers.
    if (typeof part === 'string' ? part.length < LONG : typeof part !== 'object') return;
    path.push(key);
    const rest = without(part, path, found);
    path.pop();
    if (rest === part) return;
    if (copy === value) copy = Array.isArray(value) ? [...value] : { ...value };
    copy[key] = rest;
  };
  if (Array.isArray(value)) {
    for (let n = 0; n < value.length && n < PARTS; n++) move(n);
  } else {
    const keys = Object.keys(value);
    for (let n = 0; n < keys.length && n < PARTS; n++) {
      // Setting this one would not make it a property.
      if (keys[n] !== '__proto__') move(keys[n]);
    }
  }
  return copy;
}

/**
 * Throws what JSON.stringify throws.
 *
 * @param {any} value
 * @returns {Body | undefined} undefined for what JSON has no form for
 */
function encode(value) {
  if (!hasLong(value, 0)) return JSON.stringify(value);
  /** @type {Long[]} */
  const found = [];
  const rest = without(value, [], found);
  if (found.length === 0) return JSON.stringify(value);
  const head = JSON.stringify([rest, ...found.map(({ place }) => place)]);
  return new Beside(`${MARK}${head}\n`, found.length === 1 ? found[0].text : found.map(({ text }) => text).join(''));
}

/**
 * A value of its own each time. Throws a SyntaxError for what is no body.
 *
 * @param {Body} body
 * @returns {any}
 */
function decode(body) {
  if (typeof body === 'string') return JSON.parse(body);
  const { head, texts } = body;
  const parts = listOf(JSON.parse(head.slice(1)));
  let at = 0;
  for (let n = 1; n < parts.length; n++) {
    const place = listOf(parts[n]);
    const end = at + place[0];
    put(parts, place, texts.slice(at, end));
    at = end;
  }
  if (at !== texts.length) throw new SyntaxError('texts and places do not fit together');
  return parts[0];
}

// A peer may say anything: an array of arrays is not taken for granted, and only
// what is there already is set.

/**
 * @param {any} value
 * @returns {any[]}
 */
function listOf(value) {
  if (!Array.isArray(value)) throw new SyntaxError('texts without a list of places');
  return value;
}

/**
 * @param {any[]} parts the value comes first
 * @param {any[]} place its keys come second
 * @param {string} text
 */
function put(parts, place, text) {
  let holder = parts;
  /** @type {any} */
  let key = 0;
  for (let n = 1; n < place.length; n++) {
    holder = step(holder, key);
    key = place[n];
  }
  step(holder, key);
  holder[key] = text;
}

/**
 * @param {any} from
 * @param {any} key
 */
function step(from, key) {
  if (from === null || typeof from !== 'object' || !hasOwn(from, key)) throw new SyntaxError('a text without a place');
  return from[key];
}

module.exports = { decode, encode };
