'use strict';

// The secrets that the modules of one cluster have: whether it is one. None is shown.

const { busOptions } = require('../../bus/config');
const { TlsError } = require('../../tls/errors');

/** What joins the modules of one installation, and parts those of two. */
const MEETING =
  'where they are one installation: RabbitMQ\'s password in each (`owt-grpc auth --rabbitmq`), or OWT_GRPC_CLUSTER_SECRET for all; ' +
  'where they are two, give one of them another registry: OWT_GRPC_REGISTRY, or the port in [rabbit]';

/** @typedef {{ setting: string, registry: string, source: string, text: string | null }} Had */

/**
 * @param {{ setting: string, folder: string, registry?: string }[]} members each is looked at where it starts
 * @param {import('./report').Report} report
 */
function checkSecrets(members, report) {
  const home = process.cwd();
  /** @type {Map<string, Had>} by registry */
  const first = new Map();
  for (const { setting, folder, registry } of members) {
    process.chdir(folder);
    const had = secretOf(setting, registry, report);
    if (had === null) continue;
    const before = first.get(had.registry);
    if (before === undefined) first.set(had.registry, had);
    else if (before.text !== had.text) {
      report.error(had.setting, `meets ${before.setting} at ${had.registry} and has another secret: here it is ${had.source}, there ${before.source}`, MEETING);
    }
  }
  process.chdir(home);
}

/**
 * @param {string} setting
 * @param {string | undefined} registry
 * @param {import('./report').Report} report
 * @returns {Had | null} null where nothing can be said: what is wrong is told elsewhere
 */
function secretOf(setting, registry, report) {
  try {
    const { secret, serving, registry: place } = busOptions('owt-grpc', registry === undefined ? undefined : { registry });
    if (secret === null && serving === null && process.env.OWT_GRPC_SECRET_MODE !== 'off') {
      report.warn(setting, `the registry ${place} is for several machines, and nothing keeps others who reach the modules from taking part`, 'set OWT_GRPC_CLUSTER_SECRET to the same long random text for all of them (docs/security.md), or set up TLS (docs/tls.md)');
    }
    return { setting, registry: place, source: secret?.source ?? 'none', text: secret?.texts.reveal()[0] ?? null };
  } catch (error) {
    if (error instanceof TypeError || error instanceof TlsError) return null;
    throw error;
  }
}

module.exports = { MEETING, checkSecrets };
