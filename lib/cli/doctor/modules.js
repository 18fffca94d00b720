'use strict';

// OWT's modules in a folder, by their toml files, and what these say of places:
// whom they dial, where they listen, what others dial them by.

const fs = require('node:fs');
const path = require('node:path');
const { messageOf } = require('../../common/errors');
const { withoutPort } = require('../../common/host-port');
const { fromRabbit } = require('../../bus/config');
const { readSettings } = require('../owt/read-toml');
const { SETTINGS_FILES } = require('../owt/settings-files');

/** Read by modules that are on the bus whatever they say. */
const BUS_ONLY = ['service.toml'];
const DEPTH = 3;
const MOST_FOLDERS = 500;

/**
 * @typedef {object} Module
 * @property {string} file relative to the folder
 * @property {string} folder absolute
 * @property {string} kind such as portal
 * @property {boolean} grpc
 * @property {Record<string, any>} values
 * @property {string | null} registry host:port by [rabbit], for one on the bus
 *
 * @typedef {{ setting: string, target: string }} Place
 */

/**
 * @param {string} root
 * @param {import('./report').Report} report
 * @returns {Module[]}
 */
function findModules(root, report) {
  /** @type {Module[]} */
  const modules = [];
  for (const file of tomlFiles(root)) {
    const name = path.basename(file);
    const shown = path.relative(root, file);
    let settings;
    try {
      settings = readSettings(fs.readFileSync(file, 'utf8'));
    } catch (error) {
      report.error(shown, `cannot be read: ${messageOf(error)}`, 'run this as the user that runs the module');
      continue;
    }
    for (const { line, text } of settings.problems) report.error(shown, `line ${line} ${text}`, 'correct it: the module cannot read the file either');
    const { values } = settings;
    const grpc = values[`${SETTINGS_FILES[name]?.switchIn}.enable_grpc`] === true;
    modules.push({ file: shown, folder: path.dirname(file), kind: path.basename(name, '.toml'), grpc, values, registry: grpc ? null : registryOf(values, shown, report) });
  }
  judge(modules, report);
  return modules;
}

/** @param {string} root */
function tomlFiles(root) {
  const wanted = [...Object.keys(SETTINGS_FILES), ...BUS_ONLY];
  const found = [];
  const folders = [{ folder: root, depth: 0 }];
  for (let at = 0; at < folders.length && at < MOST_FOLDERS; at++) {
    const { folder, depth } = folders[at];
    const entries = fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const full = path.join(folder, entry.name);
      if (wanted.includes(entry.name)) found.push(full);
      else if (entry.isDirectory() && depth < DEPTH && entry.name !== 'node_modules' && !entry.name.startsWith('.') && isReadable(full)) folders.push({ folder: full, depth: depth + 1 });
    }
  }
  return found;
}

/** @param {string} folder */
function isReadable(folder) {
  try {
    fs.accessSync(folder, fs.constants.R_OK | fs.constants.X_OK);
    return true;
  } catch (_error) {
    return false;
  }
}

/**
 * @param {Record<string, any>} values
 * @param {string} file
 * @param {import('./report').Report} report
 */
function registryOf(values, file, report) {
  const rabbit = { host: values['rabbit.host'], port: values['rabbit.port'] };
  const { registry } = fromRabbit(rabbit);
  if (/^[^\s]+:\d+$/.test(String(registry))) return String(registry);
  report.error(`${file} [rabbit]`, `${String(registry)} is not host:port`, 'correct host and port');
  return null;
}

/**
 * What is wrong with the files themselves.
 *
 * @param {Module[]} modules
 * @param {import('./report').Report} report
 */
function judge(modules, report) {
  for (const { file, grpc, kind, values } of modules) {
    report.ok(file, grpc ? 'gRPC mode' : 'bus mode (enable_grpc is not true)');
    if (values['cluster.host'] !== undefined && values['cluster.grpc_host'] === undefined && grpc) {
      report.warn(`${file} [cluster] host`, 'is not read by anybody', 'name it grpc_host: OWT\'s guide has the wrong name');
    }
    if (grpc && kind === 'agent' && values['cluster.worker.ip'] === undefined) {
      report.warn(`${file} [cluster.worker] ip`, 'is not set: the first address of this machine is told to others', 'set it to the host name or address that others reach this machine by');
    }
  }
  const switched = modules.filter(({ file }) => !BUS_ONLY.includes(path.basename(file)));
  const [on, off] = [switched.filter(({ grpc }) => grpc), switched.filter(({ grpc }) => !grpc)];
  if (on.length > 0 && off.length > 0) {
    report.warn('enable_grpc', `is true in ${on[0].file} and not in ${off[0].file}: modules of the two modes do not find each other`, 'set it in all of them, or in none');
  }
}

/**
 * Whom modules in gRPC mode dial.
 *
 * @param {Module[]} modules
 * @returns {Place[]}
 */
function dialed(modules) {
  const places = [];
  for (const { file, grpc, kind, values } of modules) {
    if (!grpc) continue;
    const isApi = kind === 'management_api';
    const needs = kind === 'agent' ? [] : ['grpc_host'];
    for (const key of ['grpc_host', 'sip_portal']) {
      const fallback = isApi || needs.includes(key) ? { grpc_host: 'localhost:10080', sip_portal: isApi ? 'localhost:9090' : undefined }[key] : undefined;
      const target = kind === 'cluster_manager' ? undefined : (values[`cluster.${key}`] ?? fallback);
      if (target !== undefined) places.push({ setting: `${file} [cluster] ${key}`, target: String(target) });
    }
  }
  return places;
}

/**
 * Where modules in gRPC mode listen on a port that is configured.
 *
 * @param {Module[]} modules
 */
function listening(modules) {
  return modules.flatMap(({ file, grpc, kind, values }) => {
    if (!grpc) return [];
    if (kind === 'cluster_manager') {
      const target = String(values['manager.grpc_host'] ?? 'localhost:10080');
      return [{ setting: `${file} [manager] grpc_host`, port: Number(target.slice(target.lastIndexOf(':') + 1)) }];
    }
    return kind === 'sip_portal' ? [{ setting: `${file} [sip_portal] grpc_port`, port: Number(values['sip_portal.grpc_port'] ?? 9090) }] : [];
  });
}

/**
 * What others dial modules of this folder by: their certificates have to be for it.
 *
 * @param {Module[]} modules
 */
function ownNames(modules) {
  return modules.flatMap(({ file, grpc, kind, values }) => {
    if (!grpc) return [];
    const ip = kind === 'agent' ? values['cluster.worker.ip'] : undefined;
    if (ip !== undefined) return [{ setting: `${file} [cluster.worker] ip`, host: String(ip) }];
    const target = kind === 'cluster_manager' ? values['manager.grpc_host'] : undefined;
    return target === undefined ? [] : [{ setting: `${file} [manager] grpc_host`, host: withoutPort(String(target)) }];
  });
}

module.exports = { dialed, findModules, listening, ownNames };
