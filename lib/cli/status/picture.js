'use strict';

// What can be known of a bus at one moment, as data: --json prints it.

const { performance } = require('node:perf_hooks');
const { messageOf } = require('../../common/errors');
const { statusOf } = require('../support/observer');
const { p99 } = require('./latency');
const { partsOf } = require('./names');

/**
 * @typedef {{ calls: number, casts?: number, messages?: number, bytes: number, failed?: number }} Traffic
 *
 * What a member says of itself; what it does not say is what the registry tells.
 *
 * @typedef {object} Seen
 * @property {string} member
 * @property {string} module of its name, as are the next two; empty where that does not tell
 * @property {string} host
 * @property {string} pid
 * @property {string} address
 * @property {string[]} ids
 * @property {{ exchange: string, pattern: string }[]} subscriptions
 * @property {boolean} answered within the time it was given
 * @property {string} [why] it did not
 * @property {number} [at] ms, of a clock that only goes forward
 * @property {boolean} [registry] whether it has a session with the registry
 * @property {number} [pendingCalls]
 * @property {number} [waitingForServer]
 * @property {number} [unroutable]
 * @property {number} [dropped]
 * @property {number} [reconnects]
 * @property {Traffic} [sent]
 * @property {Traffic} [received]
 * @property {import('./latency').Latency} [latency] of the calls that it made
 * @property {number | null} [p99Ms] of these, since the look before; without one, of all
 * @property {{ to: string, link: string, queuedFrames: number, queuedBytes: number }[]} [links]
 * @property {{ sent: Traffic, received: Traffic } | null} [perSecond] null where there was no look before
 * @property {{ side: string, service: string, method: string, calls: number, inFlight: number, failed: number }[]} [methods] of a process with gRPC
 *
 * @typedef {object} Picture
 * @property {string} registry host:port; of processes with gRPC, the folder of their sockets
 * @property {boolean} [isOfProcesses] with gRPC, and of no bus
 * @property {string} cluster
 * @property {boolean} connected the registry hears this command
 * @property {string} epoch of the registry
 * @property {number} revision of the epoch
 * @property {Seen[]} members without this command
 */

/** So many are asked at the same time: of hundreds at once, healthy ones would be late. */
const AT_ONCE = 32;

/**
 * @param {import('../../bus/bus').Bus} bus
 * @param {string} registry
 * @param {number} timeout ms, for each member
 * @returns {Promise<Picture>}
 */
async function picture(bus, registry, timeout) {
  const own = await bus.status();
  const all = await inTurns(own.members, AT_ONCE, (/** @type {any} */ known) => seen(bus, known, own.member, timeout));
  const isThere = await stillThere(bus, all);
  return {
    registry,
    cluster: own.cluster,
    connected: own.registry.connected,
    epoch: own.registry.epoch,
    revision: own.registry.revision,
    members: all.filter(({ answered, member }) => answered || isThere(member)),
  };
}

/**
 * @template T, R
 * @param {T[]} list
 * @param {number} atOnce
 * @param {(one: T) => Promise<R>} each
 * @returns {Promise<R[]>}
 */
async function inTurns(list, atOnce, each) {
  /** @type {R[]} */
  const results = [];
  let next = 0;
  const one = async () => {
    while (next < list.length) {
      const at = next++;
      results[at] = await each(list[at]);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return results;
}

/**
 * One that has left since is not one that is silent.
 *
 * @param {import('../../bus/bus').Bus} bus
 * @param {Seen[]} all
 * @returns {Promise<(member: string) => boolean>}
 */
async function stillThere(bus, all) {
  if (all.every(({ answered }) => answered)) return () => true;
  const there = new Set((await bus.status()).members.map((/** @type {any} */ { member }) => member));
  return (member) => there.has(member);
}

/**
 * @param {import('../../bus/bus').Bus} bus
 * @param {any} known
 * @param {string} observer
 * @param {number} timeout
 * @returns {Promise<Seen>}
 */
async function seen(bus, { member, address, ids, subscriptions }, observer, timeout) {
  const known = { member, ...partsOf(member), address, ids, subscriptions };
  try {
    const told = await statusOf(bus, member, timeout);
    const { pendingCalls, waitingForServer, unroutable, dropped, traffic } = told;
    const { reconnects, sent, received, latency } = traffic;
    const others = told.members.filter((/** @type {any} */ other) => other.member !== observer);
    return {
      ...known,
      ids: told.ids,
      subscriptions: told.subscriptions,
      answered: true,
      at: performance.now(),
      registry: told.registry.connected,
      pendingCalls, waitingForServer, unroutable, dropped, reconnects, sent, received, latency,
      p99Ms: p99(latency),
      links: others.map((/** @type {any} */ { member: to, link, queuedFrames, queuedBytes }) => ({ to, link, queuedFrames, queuedBytes })),
    };
  } catch (error) {
    return { ...known, answered: false, why: messageOf(error) };
  }
}

/**
 * @param {Picture} now
 * @param {Picture} before
 * @returns {Picture}
 */
function withRates(now, before) {
  const former = new Map(before.members.map((member) => [member.member, member]));
  return { ...now, members: now.members.map((member) => withRate(member, former.get(member.member))) };
}

/**
 * @param {Seen} now
 * @param {Seen | undefined} before
 * @returns {Seen}
 */
function withRate(now, before) {
  if (!now.answered || !before?.answered) return { ...now, perSecond: null, ...(now.answered && { p99Ms: null }) };
  const seconds = (Number(now.at) - Number(before.at)) / 1000;
  const rate = (/** @type {Traffic} */ a, /** @type {Traffic} */ b) =>
    /** @type {Traffic} */ (Object.fromEntries(Object.entries(a).map(([name, value]) => [name, (value - /** @type {any} */ (b)[name]) / seconds])));
  const perSecond = {
    sent: rate(/** @type {Traffic} */ (now.sent), /** @type {Traffic} */ (before.sent)),
    received: rate(/** @type {Traffic} */ (now.received), /** @type {Traffic} */ (before.received)),
  };
  return { ...now, perSecond, p99Ms: p99(now.latency, before.latency) };
}

module.exports = { inTurns, picture, withRates };
