'use strict';

// Fields of an object that its message does not have. The encoder passes them over,
// as protobufjs does, so that a misspelt one is lost. The first few messages of
// each method are looked at, and the log is told; later ones cost nothing.

const { nextTick } = require('../common/clock');
const { hasOwn } = require('../common/compat/objects');
const { hasFields } = require('../common/fields');
const { WARN, isLogged, log } = require('../common/log');
const { nearest } = require('../common/did-you-mean');

/** Messages that are looked at, of each method. */
const LOOKS = 8;
/** What is told of one message. An object that is no message at all has many more. */
const MOST = 4;

/** @typedef {import('../codec-runtime').Codec} Codec */
/** @typedef {import('../codec-runtime').Method} Method */

/** Of all clients, and of all servers, of this thread: what was told is not told again. @type {WeakMap<Method, Codec>} */
const requests = new WeakMap();
/** @type {WeakMap<Method, Codec>} */
const replies = new WeakMap();

/**
 * @template {Method} M
 * @param {M} method of the contract
 * @returns {M} the same, with requests that are looked at
 */
const watchingRequests = (method) => ({ ...method, request: watched(requests, method, method.request, 'request') });

/**
 * @template {Method} M
 * @param {M} method of the contract
 * @returns {M} the same, with replies that are looked at
 */
const watchingReplies = (method) => ({ ...method, response: watched(replies, method, method.response, 'reply') });

/**
 * @param {WeakMap<Method, Codec>} made
 * @param {Method} method
 * @param {Codec} codec
 * @param {string} what
 */
function watched(made, method, codec, what) {
  let watching = made.get(method);
  if (watching === undefined) {
    watching = watch(codec, `${method.originalName}: the ${what}`);
    made.set(method, watching);
  }
  return watching;
}

/**
 * A codec that looks at the first messages that it encodes, and then has the
 * encoder of the one that it was made from.
 *
 * @param {Codec} codec
 * @param {string} what it encodes, for the log
 * @returns {Codec}
 */
function watch(codec, what) {
  const { encode } = codec;
  /** @type {Set<string>} */
  const told = new Set();
  let left = LOOKS;
  const watching = {
    ...codec,
    /** @param {any} message @param {import('../codec-runtime').Writer} writer */
    encode(message, writer) {
      encode(message, writer);
      if (--left === 0) watching.encode = encode;
      if (!isLogged(WARN)) return;
      for (const text of unknownIn(codec, message)) {
        if (told.has(text)) continue;
        told.add(text);
        // The record around the message is not whole yet, and a logger may do anything.
        nextTick(log, WARN, `${what} has ${text}`);
      }
    },
  };
  return watching;
}

/**
 * @param {Codec} codec
 * @param {any} message
 * @returns {string[]} what a person is told
 */
function unknownIn(codec, message) {
  /** @type {string[]} */
  const texts = [];
  try {
    look(codec, message, '', texts);
  } catch (_error) {
    // A Proxy may throw at what the encoder does not ask it.
  }
  return texts;
}

/**
 * @param {Codec} codec
 * @param {any} message that could be encoded, so that it does not contain itself
 * @param {string} place in front of its fields
 * @param {string[]} texts
 */
function look(codec, message, place, texts) {
  if (!hasFields(message)) return;
  const fields = codec.fields();
  for (const name of Object.keys(message)) {
    if (texts.length === MOST) return;
    const isKnown = hasOwn(fields, name);
    const inner = isKnown ? fields[name] : undefined;
    if (isKnown && !inner) continue;
    // Getters are not read a second time.
    const { get, value } = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(message, name));
    if (inner) look(inner, Array.isArray(value) ? value[0] : value, `${place}${name}.`, texts);
    else if (get !== undefined || isGiven(value)) texts.push(describe(codec, place, name));
  }
}

/** What is absent is no field, nor is a method of an object. @param {unknown} value */
const isGiven = (value) => value != null && typeof value !== 'function';

/**
 * @param {Codec} codec
 * @param {string} place
 * @param {string} name
 */
function describe(codec, place, name) {
  const fields = codec.fields();
  const known = Object.keys(fields).filter((field) => fields[field] !== undefined);
  // Short names are near to many.
  const meant = nearest(name, known, Math.min(2, Math.floor(name.length / 3)));
  const help = meant === undefined ? `it knows ${known.join(', ') || 'none'}` : `did you mean ${meant}?`;
  return `a field that ${codec.name} does not know: ${place}${name}; ${help}`;
}

module.exports = { watchingReplies, watchingRequests };
