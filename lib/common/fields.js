'use strict';

// Objects that say something by their fields: messages, options, metadata. A
// promise, a list or a text in such a place has none that are meant: an `await`
// or an argument was forgotten, and what came out of it would be empty.

const { kindOf } = require('./kind-of');

const tagOf = Object.prototype.toString;

/** @param {any} value */
function hasFields(value) {
  if (value === null || typeof value !== 'object') return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  // What a class has made, or another realm.
  return tagOf.call(value) === '[object Object]' && typeof value.then !== 'function' && typeof value[Symbol.iterator] !== 'function';
}

/**
 * Whether it is what most messages are. Its constructor says it in a third of the
 * time in which its prototype does, and what says otherwise can still have fields.
 *
 * @param {any} value
 */
const isPlain = (value) => typeof value === 'object' && value !== null && value.constructor === Object;

/** What was given in the place of a message. */
class NoMessage extends TypeError {}

/**
 * What is missing altogether is for the encoder to refuse.
 *
 * @param {{ name: string }} codec of the message
 * @param {any} value
 */
function assertMessage(codec, value) {
  if (value == null || hasFields(value)) return;
  const hint = typeof value.then === 'function' ? ' (await it first)' : '';
  throw new NoMessage(`.${codec.name}: object expected, not ${kindOf(value)}${hint}`);
}

module.exports = { NoMessage, assertMessage, hasFields, isPlain };
