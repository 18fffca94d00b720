'use strict';

// The members of the bus that run: whether each can be reached, and whether they have
// the operator's secret that is set here.

const { operatorSecret } = require('../../bus/secret');
const { messageOf } = require('../../common/errors');
const { statusOf } = require('../support/observer');

/** What a member's answer may take, in ms. */
const PATIENCE = 2_000;
/** These come from the member itself, or say that it has just left. */
const REACHED = ['REFUSED', 'HANDLER', 'UNKNOWN_ID'];

/** @typedef {import('./report').Report} Report */

/**
 * Dials each member once, as modules do that have something for it.
 *
 * @param {import('../../bus/bus').Bus} bus
 * @param {{ member: string }[]} members that the registry knows
 * @param {string} where their registry
 * @param {Report} report
 */
async function checkReached(bus, members, where, report) {
  const all = await Promise.all(members.map(async ({ member }) => {
    try {
      await statusOf(bus, member, PATIENCE);
      return null;
    } catch (error) {
      return REACHED.includes(String(/** @type {{ code?: string }} */ (error).code)) ? null : reasonOf(member, error);
    }
  }));
  const lost = all.filter((one) => one !== null);
  if (lost.length === 0) return;
  const told = lost.slice(0, MOST).join('; ');
  const more = lost.length > MOST ? `; and ${lost.length - MOST} more` : '';
  report.error('members', `${lost.length} of ${members.length} members at ${where} cannot be reached from here: ${told}${more}`, 'start those anew that are stopped; else let their ports through the firewall, or set OWT_GRPC_ADVERTISE there to an address that is reached from here');
}

/**
 * It names the member, and what was asked of it is this command's own.
 *
 * @param {string} member
 * @param {unknown} error
 */
const reasonOf = (member, error) => messageOf(error).replace(`!${member}.status: `, '').replace(/ \(after \d+ ms\)$/, '');

/** So many are told with their reasons. */
const MOST = 3;

/**
 * Whether the members that run have the operator's secret that is set here.
 *
 * @param {import('../support/observer').Standing[]} all
 * @param {string} where their registry
 * @param {Report} report
 */
function checkStandings(all, where, report) {
  const of = (/** @type {{ length: number }} */ some) => `${some.length} of ${all.length} members at ${where}`;
  const refusing = all.filter(({ refusal }) => refusal !== null);
  const open = all.filter(({ asks }) => !asks);
  if (refusing.length > 0) report.warn('operator', `${of(refusing)} refuse \`tap\` and \`rpc\` from here: ${refusing[0].refusal}`, 'set it to the same here and there');
  else if (open.length === 0 && all.length > 0) report.ok('operator', `${of(all)} have the operator's secret that is set here`);
  if (open.length > 0 && (open.length < all.length || operatorSecret('owt-grpc', undefined) !== null)) {
    report.warn('operator', `${of(open)} ask for no operator's secret: whoever is a member may look at what they are handed`, 'set OWT_GRPC_OPERATOR_SECRET for all of them, and start them anew');
  }
}

module.exports = { checkReached, checkStandings };
