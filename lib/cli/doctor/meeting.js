'use strict';

// Where modules look for each other by their files and the environment, which goes
// before these.

const { busOptions } = require('../../bus/config');
const { parseHostPort, withoutBrackets, withoutPort } = require('../../common/host-port');
const { dialed } = require('./addresses');
const { advertisedHost } = require('./advertised');
const { inFiles } = require('./report');

/**
 * The modules that are on the bus, each with where it looks for it; the folder itself where there are no modules.
 *
 * @param {import('./modules').Module[]} modules
 * @param {string} root
 * @returns {import('./secrets').Place[]}
 */
function onBus(modules, root) {
  if (modules.length === 0) return [{ about: process.env.OWT_GRPC_REGISTRY ? 'OWT_GRPC_REGISTRY' : 'the default registry', folder: root }];
  const members = modules.filter(({ registry }) => registry !== null);
  return members.map(({ file, folder, registry }) => ({ about: inFiles(file, '[rabbit]'), folder, registry: String(registry) }));
}

/**
 * Where the modules that load owt-grpc look for the bus: the environment goes before their files. Of places that differ,
 * which is told as such, it is that of most modules.
 *
 * @param {import('./modules').Module[]} modules
 * @param {string} root
 */
function registries(modules, root) {
  const isLeft = (/** @type {import('./modules').Module} */ { programs }) => programs.some(({ surface, whose }) => surface === 'amqpClient' && whose !== 'ours');
  const swapped = modules.filter((module) => !isLeft(module));
  const members = modules.length > 0 && swapped.length === 0 ? [] : onBus(swapped, root);
  if (process.env.OWT_GRPC_REGISTRY) return members.slice(0, 1).map(({ folder }) => ({ about: 'OWT_GRPC_REGISTRY', folder, registry: undefined, cluster: swapped[0]?.cluster, stands: '' }));
  if (modules.length === 0) return members.map((member) => ({ ...member, cluster: undefined, stands: '' }));
  const places = new Map(swapped.filter(({ registry }) => registry !== null).map((module) => [placeOf(module), module]));
  const all = [...places].map(([place, module]) => ({ module, meeting: swapped.filter((other) => placeOf(other) === place) }));
  return all.sort((a, b) => b.meeting.length - a.meeting.length).slice(0, 1).map(({ module: { folder, registry, cluster }, meeting }) => {
    const port = meeting.map(({ values }) => values['rabbit.port']).find((one) => one !== undefined && !String(registry).endsWith(`:${one}`));
    const stands = port === undefined ? '' : ` (port ${port} is the broker's, and stands for it)`;
    return { about: inFiles(meeting.map(({ file }) => file), '[rabbit]'), folder, registry: String(registry), cluster, stands };
  });
}

/**
 * Several names may be one place to members, which know by all of their settings.
 *
 * @param {string} registry
 */
function resolved(registry) {
  try {
    return busOptions('owt-grpc', { registry }).registry;
  } catch {
    // What is wrong with the settings is told where they are looked at.
    return registry;
  }
}

/**
 * Replaces what their files say by where they will look.
 *
 * @param {import('./modules').Module[]} modules
 */
function resolveRegistries(modules) {
  // All look at one place.
  if (process.env.OWT_GRPC_REGISTRY) return;
  const named = new Set(modules.flatMap(({ registry }) => registry ?? []));
  const places = new Map([...named].map((registry) => [registry, resolved(registry)]));
  for (const module of modules) module.registry = module.registry && String(places.get(module.registry));
}

/**
 * What modules by themselves meet at, for people.
 *
 * @param {import('./modules').Module} module on the bus
 */
const placeOf = ({ registry, cluster }) => `${registry}${cluster ? ` (vhost ${cluster})` : ''}`;

/** Hosts that the settings name. @param {import('./modules').Module[]} modules */
function hostsIn(modules) {
  const places = [...dialed(modules).map(({ target }) => target), ...modules.flatMap(({ registry }) => registry ?? []), process.env.OWT_GRPC_REGISTRY ?? ''];
  const hosts = places.filter((place) => parseHostPort(place) !== null).map((place) => withoutBrackets(withoutPort(place)));
  const advertised = advertisedHost();
  return advertised === null ? hosts : [...hosts, advertised];
}

module.exports = { hostsIn, onBus, placeOf, registries, resolveRegistries };
