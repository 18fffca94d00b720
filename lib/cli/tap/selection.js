'use strict';

// What of all that passes is shown: patterns by which copies come, and a look at each.

/** The first word of the key of a copy: see src/bus/member/tap.rs. */
const KINDS = ['call', 'cast', 'reply', 'message', '*', '#'];
const REQUESTS = ['call', 'cast', 'reply'];

/**
 * @typedef {object} Wanted
 * @property {string} [pattern] an id or method, or a pattern
 * @property {string} [topic] an exchange, and what follows it
 * @property {string} [id]
 * @property {string} [method]
 * @property {boolean} [errors] failures only
 * @property {number} [slower] only what took so many ms or more
 */

/** @param {string} text */
const isPattern = (text) => text.split('.').some((word) => word === '*' || word === '#');

/**
 * What a copy is of; of a message `id` is the exchange and `method` the routing key.
 *
 * @typedef {{ kind: string, id: string, method: string, ms?: number }} Copy
 *
 * @typedef {object} Part
 * @property {string[]} patterns by which copies come
 * @property {(copy: Copy) => boolean} accepts some that come are not wanted: dots of an id are dots of the key, so that a longer id begins
 *   like a shorter one
 */

/** @param {string} text @returns {(copy: Copy) => boolean} whether it is the id, or that and the method */
const isAll = (text) => ({ id, method }) => id === text || `${id}.${method}` === text;

/** @param {string} text an id, a method or a pattern of ids @returns {Part} */
function ofRequests(text) {
  if (isPattern(text)) return { patterns: REQUESTS.map((kind) => `${kind}.${text}.#`), accepts: ({ kind }) => kind !== 'message' };
  return {
    patterns: REQUESTS.flatMap((kind) => [`${kind}.${text}.#`, `${kind}.#.${text}`]),
    accepts: ({ kind, id, method }) => kind !== 'message' && (id === text || method === text),
  };
}

/** @param {string} text a key or a pattern of keys @returns {Part} */
function ofKeys(text) {
  if (isPattern(text)) return { patterns: [text], accepts: () => true };
  const [first, ...words] = text.split('.');
  const isRest = words.length === 0 ? () => true : isAll(words.join('.'));
  return { patterns: [text, `${text}.#`], accepts: (copy) => copy.kind === first && isRest(copy) };
}

/**
 * @param {Wanted} wanted
 * @returns {Part[]}
 */
function partsOf({ pattern, topic }) {
  const parts = topic === undefined ? [] : [ofKeys(`message.${topic}`)];
  if (pattern !== undefined) parts.unshift((KINDS.includes(pattern.split('.')[0]) ? ofKeys : ofRequests)(pattern));
  return parts.length > 0 ? parts : [ofKeys('#')];
}

/**
 * @param {any} shown see tap.js
 * @returns {boolean} OWT's handlers put a failure into a reply
 */
const isFailure = ({ kind, failed, data }) => kind === 'reply' && (failed === true || data === 'error' || data === 'timeout');

/** Calls whose reply is waited for. Handlers need not reply at all. */
const MOST_CALLS = 10_000;

class Selection {
  /** @param {Wanted} wanted */
  constructor(wanted) {
    this.wanted = wanted;
    this.parts = partsOf(wanted);
    /** By which copies come. */
    this.patterns = this.parts.flatMap(({ patterns }) => patterns);
    /** Only a reply tells whether a call is shown. */
    this.waits = wanted.errors === true || wanted.slower !== undefined;
    /** @type {Map<string, any>} calls that have no reply yet */
    this.calls = new Map();
  }

  /**
   * Before it is decoded.
   *
   * @param {Copy} copy
   */
  matches(copy) {
    const { wanted, waits } = this;
    const { kind, id, method, ms } = copy;
    if (wanted.method !== undefined && method !== wanted.method) return false;
    if (wanted.id !== undefined && id !== wanted.id) return false;
    if (!this.parts.some(({ accepts }) => accepts(copy))) return false;
    return !waits || kind === 'call' || (kind === 'reply' && (wanted.slower === undefined || Number(ms) >= wanted.slower));
  }

  /**
   * @param {any} shown what matches, decoded
   * @returns {any[]} what is to be shown now: it, and the call that it is the reply to if that was not shown
   */
  take(shown) {
    if (!this.waits) return [shown];
    const { kind, member, peer, call } = shown;
    const key = `${member} ${peer} ${call}`;
    if (kind === 'call') {
      this.calls.set(key, shown);
      if (this.calls.size > MOST_CALLS) this.calls.delete(String(this.calls.keys().next().value));
      return [];
    }
    const asked = this.calls.get(key);
    this.calls.delete(key);
    if (this.wanted.errors === true && !isFailure(shown)) return [];
    return asked === undefined ? [shown] : [asked, shown];
  }
}

module.exports = { Selection, isFailure };
