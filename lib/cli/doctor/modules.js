'use strict';

// OWT's modules in a folder, as their files are: the toml file that each has, and
// which of its programs are owt-grpc's. What is wrong with them is said elsewhere.

const fs = require('node:fs');
const path = require('node:path');
const { messageOf } = require('../../common/errors');
const { fromRabbit } = require('../../bus/config');
const { readSettings } = require('../owt/read-toml');
const { SETTINGS_FILES } = require('../owt/settings-files');
const { programsOf } = require('./programs');
const { inFiles } = require('./report');

/** Of a module that is on the bus whatever it says, with grpcTools.js or without. */
const BUS_ONLY = 'service.toml';
/** Agents without gRPC mode, by the folders that OWT packs them into: where their programs are in a binary, only these tell. */
const WITHOUT_GRPC_MODE = ['customized_agent', 'event_bridge', 'eventbridge', 'media_bridge', 'sample_agent'];
const TOMLS = [...Object.keys(SETTINGS_FILES), BUS_ONLY];
const DEPTH = 3;
const MOST_FOLDERS = 500;

/**
 * @typedef {object} Module
 * @property {string} file its toml file, from the folder that is looked at
 * @property {string} name its folder, from there
 * @property {string} folder the same, absolute
 * @property {string} kind such as portal
 * @property {boolean} hasGrpcMode
 * @property {boolean} grpc it is in that mode
 * @property {Record<string, any>} values of the toml file
 * @property {string | null} registry host:port by [rabbit], for one on the bus
 * @property {string | undefined} cluster of the bus by [rabbit], if it says something
 * @property {import('./programs').Program[]} programs
 */

/**
 * @param {string} root
 * @param {import('./report').Report} report for what cannot be read
 * @returns {Module[]}
 */
function findModules(root, report) {
  return tomlFiles(root, report).flatMap((file) => {
    const shown = path.relative(root, file);
    try {
      return moduleOf(root, file, readSettings(fs.readFileSync(file, 'utf8')), report);
    } catch (error) {
      report.error(inFiles(shown), `cannot be read: ${messageOf(error)}`, 'run this as the user that runs the module');
      return [];
    }
  });
}

/**
 * @param {string} root
 * @param {string} file
 * @param {import('../owt/read-toml').Settings} settings
 * @param {import('./report').Report} report
 * @returns {Module}
 */
function moduleOf(root, file, { values, problems }, report) {
  const [shown, name, folder] = [path.relative(root, file), path.basename(file), path.dirname(file)];
  for (const { line, text } of problems) report.error(inFiles(shown), `line ${line} ${text}`, 'correct it: the module cannot read the file either');
  const programs = programsOf(folder);
  // OWT gives grpcTools.js to the modules that can be in gRPC mode, and to one that cannot.
  const hasGrpcMode = name !== BUS_ONLY && (programs.length > 0 ? programs.some(({ surface }) => surface === 'grpcTools') : !WITHOUT_GRPC_MODE.includes(path.basename(folder)));
  const grpc = hasGrpcMode && values[`${SETTINGS_FILES[name].switchIn}.enable_grpc`] === true;
  const { registry, cluster } = fromRabbit({ host: values['rabbit.host'], port: values['rabbit.port'], vhost: values['rabbit.vhost'] });
  const isPlace = /^[^\s]+:\d+$/.test(String(registry));
  if (!grpc && !isPlace) report.error(inFiles(shown, '[rabbit]'), `${String(registry)} is not host:port`, 'correct host and port');
  return {
    file: shown, name: path.relative(root, folder) || '.', folder, kind: path.basename(name, '.toml'), hasGrpcMode, grpc, values, programs, cluster,
    registry: grpc || !isPlace ? null : String(registry),
  };
}

/**
 * @param {string} root
 * @param {import('./report').Report} report
 */
function tomlFiles(root, report) {
  const found = [];
  const folders = [{ folder: root, depth: 0 }];
  for (let at = 0; at < folders.length && at < MOST_FOLDERS; at++) {
    const { folder, depth } = folders[at];
    for (const entry of listing(folder, path.relative(root, folder) || '.', report)) {
      const full = path.join(folder, entry.name);
      if (TOMLS.includes(entry.name)) found.push(full);
      else if (entry.isDirectory() && depth < DEPTH && entry.name !== 'node_modules' && !entry.name.startsWith('.')) folders.push({ folder: full, depth: depth + 1 });
    }
  }
  return found;
}

/**
 * @param {string} folder
 * @param {string} shown
 * @param {import('./report').Report} report
 */
function listing(folder, shown, report) {
  try {
    return fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    report.warn(inFiles(shown), `is left out: it cannot be read (${/** @type {NodeJS.ErrnoException} */ (error).code})`, 'run this as the user that runs the modules');
    return [];
  }
}

module.exports = { findModules };
