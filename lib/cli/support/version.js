'use strict';

// What this package is, by its own package.json.

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '../../..');

/** @returns {{ version: string, optionalDependencies?: Record<string, string> }} */
const description = () => JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));

/** @returns {string} the version of owt-grpc */
function version() {
  return description().version;
}

/**
 * What a package.json asks for to get this package. One that was not packed for a
 * registry is in none: a name and a version would bring whatever is there by that
 * name, or nothing. It is asked for by where it lies.
 *
 * @returns {string}
 */
function specification() {
  const { version, optionalDependencies } = description();
  return optionalDependencies ? `^${version}` : `file:${fs.realpathSync(root).replace(/\\/g, '/')}`;
}

module.exports = { specification, version };
