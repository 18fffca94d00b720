'use strict';

// What modules have to agree on to be one cluster: whether they are in gRPC mode, the
// registry or the cluster manager that they meet at, the cluster's name. A
// disagreement is the first and the worst: all else is right on both sides of it.

const { parseHostPort, withoutBrackets } = require('../../common/host-port');
const { placeOf } = require('./meeting');
const { inFiles } = require('./report');
const { dialed, listening } = require('./addresses');

/**
 * @typedef {import('./report').Report} Report
 * @typedef {import('./modules').Module} Module
 */

/**
 * @param {Module[]} modules
 * @param {(host: string) => import('./hosts').Where} whereIs
 * @param {Report} report
 */
function checkAgreement(modules, whereIs, report) {
  const switched = modules.filter(({ hasGrpcMode }) => hasGrpcMode);
  disagree('enable_grpc', switched, ({ grpc }) => (grpc ? 'true' : 'not true'), report, {
    so: (mine, theirs, count) => `is ${mine}, and ${theirs} in ${others(count)}: modules of the two modes do not find each other`,
    advice: 'set it to the same in all of them: true for gRPC mode, or not at all for the bus',
  });
  if (!process.env.OWT_GRPC_REGISTRY) {
    const onBus = modules.filter(({ registry }) => registry !== null);
    disagree('[rabbit]', onBus, placeOf, report, {
      so: (mine, theirs, count) => `names the registry ${mine}, and ${others(count)} ${theirs}: two registries are two clusters, which do not find each other`,
      advice: 'write the same host, port and vhost in all of them, or set OWT_GRPC_REGISTRY for all modules',
    });
  }
  const managers = dialed(modules).filter(({ key }) => key === '[cluster] grpc_host');
  disagree('[cluster] grpc_host', managers, ({ target }) => samePlace(target, whereIs), report, {
    so: (mine, theirs, count) => `names the cluster manager at ${mine}, and ${others(count)} ${theirs}: who asks another one finds nobody`,
    advice: 'write the same in all of them: where cluster_manager listens',
  });
  checkManagersPort(modules, managers.map(({ target }) => samePlace(target, whereIs)), report);
  disagree('[cluster] name', modules, nameOf, report, {
    so: (mine, theirs, count) => `is ${mine}, and ${theirs} in ${others(count)}: modules look for a cluster manager of that name`,
    advice: 'write the same name in all of them; in cluster_manager.toml it is that of [manager]',
  });
}

/** @param {number} count */
const others = (count) => (count === 1 ? 'the other file' : `the ${count} other files`);

/**
 * One finding for each value but the commonest.
 *
 * @template {{ file: string }} T
 * @param {string} key
 * @param {T[]} all
 * @param {(one: T) => string} valueOf
 * @param {Report} report
 * @param {{ so: (mine: string, theirs: string, count: number) => string, advice: string }} texts
 */
function disagree(key, all, valueOf, report, { so, advice }) {
  /** @type {Map<string, string[]>} */
  const files = new Map();
  for (const one of all) files.set(valueOf(one), [...(files.get(valueOf(one)) ?? []), one.file]);
  const [[most, agreeing] = ['', []], ...rest] = [...files].sort(([, a], [, b]) => b.length - a.length);
  for (const [value, some] of rest) report.error(inFiles(some, key), so(value, most, agreeing.length), advice);
}

/**
 * Of the address in its own file a manager uses the port alone.
 *
 * @param {Module[]} modules
 * @param {string[]} dialed
 * @param {Report} report
 */
function checkManagersPort(modules, dialed, report) {
  const manager = listening(modules).find(({ key }) => key === '[manager] grpc_host');
  const places = new Set(dialed);
  const [place] = places;
  // Of two places one is wrong already.
  if (manager === undefined || places.size !== 1 || !place.startsWith('localhost:') || place === `localhost:${manager.port}`) return;
  report.error(inFiles(manager.file, manager.key), `lets the cluster manager listen on port ${manager.port}, and the other files name ${place}`, 'write the same port in all of them');
}

/** @param {Module} module */
function nameOf({ kind, values }) {
  return String(values[kind === 'cluster_manager' ? 'manager.name' : 'cluster.name'] ?? 'owt-cluster');
}

/**
 * A manager listens at all addresses of its machine: there the names differ, and not the place.
 *
 * @param {string} target
 * @param {(host: string) => import('./hosts').Where} whereIs
 */
function samePlace(target, whereIs) {
  const parsed = parseHostPort(target);
  return parsed !== null && whereIs(withoutBrackets(parsed.host)) === 'here' ? `localhost:${parsed.port}` : target;
}

module.exports = { checkAgreement };
