'use strict';

// What can be known of a bus at one moment, as data: --json prints it.

const { performance } = require('node:perf_hooks');
const { messageOf } = require('../../common/errors');
const { statusOf } = require('../support/observer');

/**
 * @typedef {{ calls: number, casts: number, messages: number, bytes: number }} Traffic
 *
 * What a member says of itself; what it does not say is what the registry tells.
 *
 * @typedef {object} Seen
 * @property {string} member
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
 * @property {{ to: string, link: string, queuedFrames: number, queuedBytes: number }[]} [links]
 * @property {{ sent: Traffic, received: Traffic } | null} [perSecond] null where there was no look before
 *
 * @typedef {object} Picture
 * @property {string} registry host:port
 * @property {string} cluster
 * @property {boolean} connected the registry hears this command
 * @property {string} epoch of the registry
 * @property {number} revision of the epoch
 * @property {Seen[]} members without this command
 */

/**
 * @param {import('../../bus/bus').Bus} bus
 * @param {string} registry
 * @param {number} timeout ms
 * @returns {Promise<Picture>}
 */
async function picture(bus, registry, timeout) {
  const own = await bus.status();
  const members = await Promise.all(own.members.map((/** @type {any} */ known) => seen(bus, known, own.member, timeout)));
  return {
    registry,
    cluster: own.cluster,
    connected: own.registry.connected,
    epoch: own.registry.epoch,
    revision: own.registry.revision,
    members,
  };
}

/**
 * @param {import('../../bus/bus').Bus} bus
 * @param {any} known
 * @param {string} observer
 * @param {number} timeout
 * @returns {Promise<Seen>}
 */
async function seen(bus, { member, address, ids, subscriptions }, observer, timeout) {
  const known = { member, address, ids, subscriptions };
  try {
    const told = await statusOf(bus, member, timeout);
    const { pendingCalls, waitingForServer, unroutable, dropped, traffic } = told;
    const { reconnects, sent, received } = traffic;
    const others = told.members.filter((/** @type {any} */ other) => other.member !== observer);
    return {
      ...known,
      ids: told.ids,
      subscriptions: told.subscriptions,
      answered: true,
      at: performance.now(),
      registry: told.registry.connected,
      pendingCalls, waitingForServer, unroutable, dropped, reconnects, sent, received,
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
  return { ...now, members: now.members.map((member) => ({ ...member, perSecond: rates(member, former.get(member.member)) })) };
}

/**
 * @param {Seen} now
 * @param {Seen | undefined} before
 */
function rates(now, before) {
  if (!now.answered || !before?.answered) return null;
  const seconds = (Number(now.at) - Number(before.at)) / 1000;
  const rate = (/** @type {Traffic} */ a, /** @type {Traffic} */ b) =>
    /** @type {Traffic} */ (Object.fromEntries(Object.entries(a).map(([name, value]) => [name, (value - /** @type {any} */ (b)[name]) / seconds])));
  return {
    sent: rate(/** @type {Traffic} */ (now.sent), /** @type {Traffic} */ (before.sent)),
    received: rate(/** @type {Traffic} */ (now.received), /** @type {Traffic} */ (before.received)),
  };
}

module.exports = { picture, withRates };
