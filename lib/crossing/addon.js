'use strict';

// Loads the addon when it is first needed: `require('owt-grpc')` costs nothing.

const fs = require('node:fs');
const path = require('node:path');
const { addon, platformPackage, target } = require('./platform');
const { withCause } = require('../common/compat/errors');
const { messageOf } = require('../common/errors');

const root = path.join(__dirname, '../..');

/** @type {any} */
let loaded;

/** @returns {import('./native').Native} */
function native() {
  if (loaded === undefined) loaded = load();
  return loaded;
}

/** The addon that was built here, or the one of the platform's package. */
function load() {
  const here = target();
  const file = path.join(root, addon(here.name));
  const name = platformPackage(here.name);
  const tried = [];
  /** @type {unknown} */
  let cause;
  for (const [place, open] of /** @type {[string, () => any][]} */ ([
    [file, () => openFile(file)],
    [name, () => openPackage(name)],
  ])) {
    try {
      return open();
    } catch (error) {
      // What follows the first line is the list of our own files.
      tried.push(`${place}: ${messageOf(error).split('\n')[0]}`);
      // What exists and does not load says more than what is not there.
      if (cause === undefined || !(error instanceof Absent)) cause = error;
    }
  }
  const { platform, arch, libc } = here;
  const system = `${platform} ${arch}${libc ? ` ${libc}` : ''}, Node.js ${process.versions.node}`;
  throw withCause(new AddonError(`owt-grpc has no working native addon for ${here.name} (${system}). Tried ${tried.join('; ')}`, remedy(name, tried.join('; '))), cause);
}

/** There is no addon that this process can load. */
class AddonError extends Error {
  /**
   * @param {string} what
   * @param {string} remedy what to do
   */
  constructor(what, remedy) {
    super(`${what}. ${remedy}`);
    this.what = what;
    this.remedy = remedy;
  }
}

class Absent extends Error {}

/** @param {string} file */
function openFile(file) {
  if (!fs.existsSync(file)) throw new Absent('no such file');
  return require(file);
}

/** @param {string} name */
function openPackage(name) {
  let description;
  try {
    description = require(`${name}/package.json`);
  } catch (error) {
    throw withCause(new Absent('not installed'), error);
  }
  const { version } = ownPackage();
  // The records that cross are those of one version.
  if (description.version !== version) throw new Error(`its version is ${description.version}, that of owt-grpc is ${version}`);
  return require(name);
}

/** @returns {{ version: string, optionalDependencies?: Record<string, string> }} our package.json */
function ownPackage() {
  return JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
}

/**
 * @param {string} name of the platform's package
 * @param {string} tried
 * @returns {string} what to do. A package that is in no registry is not named as if it were: anybody may put one there by that name.
 */
function remedy(name, tried) {
  if (fs.existsSync(path.join(root, 'Cargo.toml'))) {
    return 'Build it with "npm run setup" in the package\'s folder; that needs Rust 1.88 or newer.';
  }
  if (/GLIBC_[\d.]+' not found/.test(tried)) {
    return 'It was linked for a newer C library than this system has: pack it anew with cargo-zigbuild, which links for glibc 2.17 and newer (CONTRIBUTING.md has how).';
  }
  const make = 'take the sources of owt-grpc and Rust 1.88 or newer to a machine of this kind, run "npm run pack" there, and install both packages that it makes.';
  const { version, optionalDependencies } = ownPackage();
  if (!optionalDependencies) return `This owt-grpc is from no registry: install ${name}-${version}.tgz from where owt-grpc-${version}.tgz came from. If it is not there, ${make}`;
  const published = optionalDependencies[name];
  if (!published) return `No package has it ready-made. To build it, ${make}`;
  return `"npm install ${name}@${published}" installs it, unless npm was told to leave optional packages out.`;
}

module.exports = { AddonError, native, ownPackage };
