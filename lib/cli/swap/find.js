'use strict';

// Finds the modules of OWT in a folder: an installation (what OWT's pack.js makes,
// one folder per module), a checkout (where modules share the files of
// source/common until they are packed, by the lists in their dist.json), or a
// module by itself.

const fs = require('node:fs');
const path = require('node:path');
const { lastOf } = require('../../common/compat/objects');
const { codeOf } = require('../../common/errors');
const { CommandError } = require('../support/errors');
const { SETTINGS_FILES } = require('../owt/settings-files');
const { SURFACES } = require('./known');

/** @typedef {import('./known').Surface} Surface */
/** @typedef {{ file: string, surface: Surface }} SurfaceFile */

/**
 * @typedef {object} Module
 * @property {string} name
 * @property {string} folder
 * @property {SurfaceFile[]} files its own; none in a checkout, where they are shared
 * @property {Surface[]} surfaces that it uses
 * @property {string} packageFile which may be missing
 * @property {string | null} toml of those whose settings are known, if it has one
 */

/**
 * @typedef {object} Found
 * @property {Module[]} modules
 * @property {SurfaceFile[]} shared which modules get when they are packed
 * @property {string[]} links to modules, which are not followed
 * @property {string[]} nested folders in it that were swapped by themselves
 * @property {boolean} isOld OWT 4, which has another amqp client
 */

const JOURNAL = '.owt-grpc-swap';
/** Of a checkout: source/agent/quic/webtransport is 4. */
const MAX_DEPTH = 8;
const SKIPPED = new Set(['node_modules', '.git', 'build', 'third_party', JOURNAL]);
const TOMLS = Object.keys(SETTINGS_FILES);

/** @param {string} file */
const surfaceOf = (file) => SURFACES.find((surface) => `${surface}.js` === path.basename(file));

/**
 * @param {string} root
 * @returns {Found}
 */
function find(root) {
  /** @type {{ surfaces: SurfaceFile[], dists: string[], links: string[], nested: string[], isOld: boolean }} */
  const seen = { surfaces: [], dists: [], links: [], nested: [], isOld: false };
  walk(root, 0, seen);
  const targets = seen.dists.flatMap((file) => packTarget(file, seen.surfaces));
  const shared = seen.surfaces.filter(({ file }) => targets.some((target) => target.uses.includes(file)));
  const own = seen.surfaces.filter((file) => !shared.includes(file));
  const modules = [...targets.map(({ module }) => module), ...installed(root, own)].sort((a, b) => (a.folder < b.folder ? -1 : 1));
  return { modules, shared, links: seen.links, nested: seen.nested, isOld: seen.isOld && seen.surfaces.length === 0 };
}

/**
 * @param {string} folder
 * @param {number} depth
 * @param {{ surfaces: SurfaceFile[], dists: string[], links: string[], nested: string[], isOld: boolean }} seen
 */
function walk(folder, depth, seen) {
  for (const entry of listing(folder).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = path.join(folder, entry.name);
    const surface = surfaceOf(entry.name);
    if (entry.isDirectory()) {
      if (depth > 0 && entry.name === JOURNAL) seen.nested.push(folder);
      if (depth < MAX_DEPTH && !SKIPPED.has(entry.name)) walk(file, depth + 1, seen);
    } else if (surface !== undefined) seen.surfaces.push({ file, surface });
    else if (entry.name === 'dist.json') seen.dists.push(file);
    else if (entry.name === 'amqp_client.js') seen.isOld = true;
    else if (entry.isSymbolicLink() && SURFACES.some((name) => fs.existsSync(path.join(file, `${name}.js`)))) seen.links.push(file);
  }
}

/** @param {string} folder */
function listing(folder) {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new CommandError(`${folder} cannot be read (${codeOf(error)}); run this as the user whose installation it is`);
  }
}

/**
 * What a dist.json says of a module of a checkout; nothing if it uses none of
 * the files that are there.
 *
 * @param {string} file
 * @param {SurfaceFile[]} surfaces
 * @returns {{ module: Module, uses: string[] }[]}
 */
function packTarget(file, surfaces) {
  const rules = parsed(file);
  const folder = path.dirname(file);
  const { files, folders, package: packageFile = 'package.json' } = rules?.common ?? {};
  const listed = [files, ...Object.values(folders ?? {})].flat().filter((name) => typeof name === 'string').map((name) => path.resolve(folder, name));
  const used = surfaces.filter((surface) => listed.includes(surface.file));
  if (used.length === 0) return [];
  const toml = listed.find((name) => TOMLS.includes(path.basename(name))) ?? null;
  const names = SURFACES.filter((name) => used.some(({ surface }) => surface === name));
  const module = {
    name: String(rules.name ?? path.basename(folder)), folder, files: [], surfaces: names,
    packageFile: path.resolve(folder, String(packageFile)), toml: names.includes('grpcTools') ? toml : null,
  };
  return [{ module, uses: used.map((surface) => surface.file) }];
}

/** @param {string} file @returns {any} */
function parsed(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    // Another tool's file of that name.
    return null;
  }
}

/**
 * Modules by where their files are: agents have grpcTools.js once more, in a folder
 * below the module's.
 *
 * @param {string} root
 * @param {SurfaceFile[]} files
 * @returns {Module[]}
 */
function installed(root, files) {
  const holders = new Set(files.map(({ file }) => path.dirname(file)));
  /** @type {Map<string, SurfaceFile[]>} */
  const byFolder = new Map();
  for (const one of files) {
    const above = upTo(root, path.dirname(one.file)).filter((folder) => holders.has(folder));
    const folder = above.find((name) => fs.existsSync(path.join(name, 'package.json'))) ?? /** @type {string} */ (lastOf(above));
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), one]);
  }
  return [...byFolder].map(([folder, own]) => {
    const surfaces = SURFACES.filter((name) => own.some(({ surface }) => surface === name));
    const toml = TOMLS.map((name) => path.join(folder, name)).find((name) => fs.existsSync(name)) ?? null;
    return {
      name: path.relative(root, folder) || path.basename(root), folder, files: own, surfaces,
      packageFile: path.join(folder, 'package.json'), toml: surfaces.includes('grpcTools') ? toml : null,
    };
  });
}

/**
 * A folder, and those it is in, up to the root.
 *
 * @param {string} root
 * @param {string} folder
 */
function upTo(root, folder) {
  const folders = [folder];
  for (let one = folder; one !== root; folders.push(one)) one = path.dirname(one);
  return folders;
}

module.exports = { JOURNAL, find };
