'use strict';

// Which members are shown, and in which order.

const { UsageError } = require('../support/errors');

/** @typedef {import('./figures').Figures} Figures */
/** @typedef {keyof typeof KEYS} Key */

/** What can be sorted by: texts go up, numbers down, since what is large is what is looked for. */
const KEYS = {
  module: (/** @type {Figures} */ { module }) => module,
  calls: (/** @type {Figures} */ { callsIn, callsOut }) => total(callsIn, callsOut),
  errors: (/** @type {Figures} */ { failedIn, failedOut }) => total(failedIn, failedOut),
  p99: (/** @type {Figures} */ { p99 }) => p99,
  bytes: (/** @type {Figures} */ { kBIn, kBOut }) => total(kBIn, kBOut),
  pending: (/** @type {Figures} */ { pending }) => pending,
  waiting: (/** @type {Figures} */ { waiting }) => waiting,
  queued: (/** @type {Figures} */ { queued }) => queued,
  lost: (/** @type {Figures} */ { lost }) => lost,
};

const NAMES = /** @type {Key[]} */ (Object.keys(KEYS));

/** @param {number | null} a @param {number | null} b */
const total = (a, b) => (a === null && b === null ? null : Number(a) + Number(b));

/** @param {string | undefined} given option --sort @returns {Key} */
function sortKey(given = 'module') {
  const key = NAMES.find((name) => name === given);
  if (key === undefined) throw new UsageError(`option --sort must be one of ${NAMES.join(', ')}`);
  return key;
}

/**
 * @param {Figures[]} all
 * @param {Key} key
 * @returns {Figures[]}
 */
function sorted(all, key) {
  const of = KEYS[key];
  /** What is not known comes last. */
  const weight = (/** @type {Figures} */ one) => Number(of(one) ?? -1);
  const byName = (/** @type {Figures} */ a, /** @type {Figures} */ b) => compare(a.module, b.module) || compare(a.member, b.member);
  return [...all].sort(key === 'module' ? byName : (a, b) => weight(b) - weight(a) || byName(a, b));
}

/** @param {string} a @param {string} b */
const compare = (a, b) => (a < b ? -1 : Number(a > b));

/**
 * @param {string} pattern a name in which * stands for any characters
 * @returns {(name: string) => boolean}
 */
function matcher(pattern) {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const expression = new RegExp(`^${parts.join('.*')}$`, 's');
  return (name) => expression.test(name);
}

/**
 * @param {{ id?: string, module?: string }} wanted patterns
 * @returns {(member: import('./picture').Seen) => boolean}
 */
function selects({ id, module }) {
  const isId = id === undefined ? null : matcher(id);
  const isModule = module === undefined ? null : matcher(module);
  return (member) => (isId === null || member.ids.some(isId)) && (isModule === null || isModule(member.module));
}

module.exports = { KEYS: NAMES, selects, sortKey, sorted };
