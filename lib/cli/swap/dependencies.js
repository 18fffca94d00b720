'use strict';

// What a module's package.json has to ask for.

const fs = require('node:fs');
const path = require('node:path');
const { platformPackage, target } = require('../../crossing/platform');

const TARBALL = /^(?:file:)?(.*\.tgz)$/;

/**
 * owt-grpc, and, where it comes as a tarball, the tarball beside it with the addon for
 * this machine: npm finds that one by itself only in a registry.
 *
 * @param {string} specification of owt-grpc; a path is relative to the module's folder, as npm has it
 * @param {string} folder of the module
 * @returns {{ wanted: Record<string, string>, missing: string | null }} `missing`: what has to be there, and is not
 */
function dependenciesOn(specification, folder) {
  const own = { 'owt-grpc': specification };
  const tarball = TARBALL.exec(specification)?.[1];
  if (tarball === undefined) return { wanted: own, missing: null };
  const file = path.resolve(folder, tarball);
  if (!fs.existsSync(file)) return { wanted: own, missing: `${file}, which the dependency names` };
  const addon = platformPackage(target().name);
  const beside = fs.readdirSync(path.dirname(file)).filter((name) => new RegExp(`^${addon}-\\d.*\\.tgz$`).test(name));
  const same = beside.find((name) => name === path.basename(file).replace(/^owt-grpc/, addon)) ?? beside[0];
  if (same === undefined) return { wanted: own, missing: `${addon}-….tgz beside ${file}, which has the native addon for this machine` };
  return { wanted: { ...own, [addon]: `file:${path.posix.join(path.posix.dirname(tarball.replace(/\\/g, '/')), same)}` }, missing: null };
}

module.exports = { dependenciesOn };
