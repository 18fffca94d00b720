'use strict';

// The secrets that the modules of one cluster have: whether it is one. None is shown.

const path = require('node:path');
const { busOptions } = require('../../bus/config');
const { STORE } = require('../../credentials/store');
const { TlsError } = require('../../tls/errors');

/** What joins the modules of one installation, and parts those of two. */
const MEETING =
  'where they are one installation: RabbitMQ\'s password in each (`owt-grpc auth --rabbitmq`), or OWT_GRPC_CLUSTER_SECRET for all; ' +
  'where they are two, give one of them another registry: OWT_GRPC_REGISTRY, or the port in [rabbit]';

/**
 * @typedef {import('./report').About} About
 * @typedef {{ about: About | string, folder: string, registry?: string }} Place where a module looks for the bus
 * @typedef {{ about: About | string, registry: string, source: string, text: string | null, isOpen: boolean }} Had isOpen: whoever reaches it may take part
 */

/**
 * @param {Place[]} members each is looked at where it starts
 * @param {(folder: string) => string} likeness the same for folders in which the same is found
 * @param {import('./report').Report} report
 */
function checkSecrets(members, likeness, report) {
  /** @type {Map<string, Had | null>} */
  const known = new Map();
  const all = members.flatMap((member) => {
    const like = `${likeness(member.folder)} ${member.registry}`;
    if (!known.has(like)) {
      process.chdir(member.folder);
      known.set(like, secretOf(member));
    }
    const had = known.get(like);
    return had ? { ...had, about: member.about } : [];
  });
  for (const { about, isOpen, registry } of all) {
    if (isOpen) report.warn(process.env.OWT_GRPC_REGISTRY ? 'OWT_GRPC_REGISTRY' : about, `the registry ${registry} is for several machines, and nothing keeps others who reach the modules from taking part`, 'set OWT_GRPC_CLUSTER_SECRET to the same long random text for all of them (docs/security.md), or set up TLS (docs/tls.md)');
  }
  for (const registry of new Set(all.map((had) => had.registry))) {
    const meeting = all.filter((had) => had.registry === registry);
    const numberWith = (/** @type {string | null} */ text) => meeting.filter((had) => had.text === text).length;
    const most = meeting.reduce((best, had) => (numberWith(had.text) > numberWith(best.text) ? had : best), meeting[0]);
    for (const { about, source, text } of meeting) {
      if (text !== most.text) report.error(about, `meets ${numberWith(most.text) === 1 ? 'another' : `${numberWith(most.text)} others`} at ${registry} and has another secret: here it is ${source}, there ${most.source}`, MEETING);
    }
  }
}

/**
 * For the current directory.
 *
 * @param {Place} member
 * @returns {Had | null} null where nothing can be said: what is wrong is told elsewhere
 */
function secretOf({ about, folder, registry }) {
  try {
    const { secret, serving, registry: place } = busOptions('owt-grpc', registry === undefined ? undefined : { registry });
    const isOpen = secret === null && serving === null && process.env.OWT_GRPC_SECRET_MODE !== 'off';
    const source = (secret?.source ?? 'none').replace(path.join(folder, STORE), STORE);
    return { about, registry: place, source, text: secret?.texts.reveal()[0] ?? null, isOpen };
  } catch (error) {
    if (error instanceof TypeError || error instanceof TlsError) return null;
    throw error;
  }
}

module.exports = { MEETING, checkSecrets };
