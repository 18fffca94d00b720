'use strict';

// What a line of a table says, as numbers: of one member, or of all of a module.

/** @typedef {import('./picture').Seen} Seen */

/**
 * Null is what is not known: of a member that does not answer, or whose release does not tell.
 *
 * @typedef {object} Figures
 * @property {string} module
 * @property {string} host
 * @property {string} pid
 * @property {string} address
 * @property {string} member its whole name; empty for a module
 * @property {string[]} ids
 * @property {number} members how many these are the figures of
 * @property {number} silent how many of them do not answer
 * @property {number | null} callsIn per second, or in all where there was one look; so are these down to kBOut
 * @property {number | null} callsOut
 * @property {number | null} failedIn
 * @property {number | null} failedOut
 * @property {number | null} castsIn
 * @property {number | null} castsOut
 * @property {number | null} topicsIn
 * @property {number | null} topicsOut
 * @property {number | null} kBIn
 * @property {number | null} kBOut
 * @property {number | null} p99 ms
 * @property {number | null} pending
 * @property {number | null} waiting
 * @property {number | null} queued
 * @property {number | null} lost
 * @property {number | null} again
 */

const SUMMED = /** @type {const} */ (['members', 'silent', 'callsIn', 'callsOut', 'failedIn', 'failedOut', 'castsIn', 'castsOut', 'topicsIn', 'topicsOut', 'kBIn', 'kBOut', 'pending', 'waiting', 'queued', 'lost', 'again']);

/** @param {number | undefined} value @returns {number | null} */
const known = (value) => (value === undefined || Number.isNaN(value) ? null : value);

/** @param {number | undefined} bytes */
const kilo = (bytes) => known(bytes === undefined ? bytes : bytes / 1000);

/**
 * @param {Seen} seen
 * @returns {Figures}
 */
function figuresOf(seen) {
  const { member, module, host, pid, address, ids, answered, perSecond, links } = seen;
  const { sent, received } = perSecond === undefined ? seen : (perSecond ?? {});
  return {
    module, host, pid, address, member, ids,
    members: 1,
    silent: answered ? 0 : 1,
    callsIn: known(received?.calls), callsOut: known(sent?.calls),
    failedIn: known(received?.failed), failedOut: known(sent?.failed),
    castsIn: known(received?.casts), castsOut: known(sent?.casts),
    topicsIn: known(received?.messages), topicsOut: known(sent?.messages),
    kBIn: kilo(received?.bytes), kBOut: kilo(sent?.bytes),
    p99: seen.p99Ms ?? null,
    pending: known(seen.pendingCalls),
    waiting: known(seen.waitingForServer),
    queued: links === undefined ? null : links.reduce((sum, { queuedBytes }) => sum + queuedBytes, 0),
    lost: known(Number(seen.unroutable) + Number(seen.dropped)),
    again: known(seen.reconnects),
  };
}

/**
 * Sums; of latencies the highest.
 *
 * @param {Figures[]} all
 * @returns {Figures[]} one for each module, in the order of their first
 */
function byModule(all) {
  /** @type {Map<string, Figures>} */
  const modules = new Map();
  for (const one of all) {
    const sum = modules.get(one.module);
    if (sum === undefined) modules.set(one.module, { ...one, host: '', pid: '', address: '', member: '', ids: [...one.ids] });
    else add(sum, one);
  }
  return [...modules.values()];
}

/** @param {Figures} sum @param {Figures} one */
function add(sum, one) {
  for (const name of SUMMED) {
    const value = one[name];
    if (value !== null) sum[name] = (sum[name] ?? 0) + value;
  }
  if (one.p99 !== null) sum.p99 = Math.max(sum.p99 ?? 0, one.p99);
  sum.ids.push(...one.ids);
}

module.exports = { byModule, figuresOf };
