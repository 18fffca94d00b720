'use strict';

// What the toml files of modules in gRPC mode say of places: whom they dial, where
// they listen, what others dial them by.

const path = require('node:path');
const { isLoopback, withoutBrackets, withoutPort } = require('../../common/host-port');
const { inFiles } = require('./report');

const MANAGER = 'localhost:10080';
const SIP_PORTAL = 'localhost:9090';
/** OWT's guide writes grpc_host into the files of all agents: those for these never read it. */
const READ_NOTHING = ['webrtc', 'audio', 'video', 'analytics', 'recording', 'streaming'].map((purpose) => `${purpose}_agent`);

/**
 * @typedef {import('./modules').Module} Module
 * @typedef {{ file: string, key: string, target: string }} Dialed
 * @typedef {{ file: string, key: string, port: number }} Listening
 * @typedef {{ about: import('./report').About | string, host: string, orAnyName?: boolean }} Name orAnyName: any host name would do as well
 */

/**
 * Whom modules in gRPC mode dial.
 *
 * @param {Module[]} modules
 * @returns {Dialed[]}
 */
function dialed(modules) {
  return modules.filter(({ grpc, folder }) => grpc && !READ_NOTHING.includes(path.basename(folder))).flatMap(({ file, kind, values }) => {
    if (kind === 'cluster_manager') return [];
    const targets = {
      grpc_host: values['cluster.grpc_host'] ?? (kind === 'agent' ? undefined : MANAGER),
      sip_portal: values['cluster.sip_portal'] ?? (kind === 'management_api' ? SIP_PORTAL : undefined),
    };
    return Object.entries(targets).filter(([, target]) => target !== undefined).map(([key, target]) => ({ file, key: `[cluster] ${key}`, target: String(target) }));
  });
}

/**
 * Where modules in gRPC mode listen on a port that is configured.
 *
 * @param {Module[]} modules
 * @returns {Listening[]}
 */
function listening(modules) {
  return modules.flatMap(({ file, grpc, kind, values }) => {
    if (!grpc) return [];
    if (kind === 'cluster_manager') {
      const target = String(values['manager.grpc_host'] ?? MANAGER);
      return [{ file, key: '[manager] grpc_host', port: Number(target.slice(target.lastIndexOf(':') + 1)) }];
    }
    return kind === 'sip_portal' ? [{ file, key: '[sip_portal] grpc_port', port: Number(values['sip_portal.grpc_port'] ?? 9090) }] : [];
  });
}

/**
 * What others dial modules of this folder by, if nothing else is advertised: their certificates have to be for it.
 *
 * @param {Module[]} modules
 * @param {string | undefined} first address of this machine
 * @returns {Name[]}
 */
const ownNames = (modules, first) => modules.flatMap((module) => (module.grpc ? namesInGrpcMode(module, first) : namesOnBus(module)));

/**
 * Agents tell the first address of their machine where their file names none.
 *
 * @param {Module} module
 * @param {string | undefined} first
 * @returns {Name[]}
 */
function namesInGrpcMode({ file, kind, values }, first) {
  const ip = kind === 'agent' ? (values['cluster.worker.ip'] ?? first) : undefined;
  if (ip !== undefined) return [{ about: inFiles(file, '[cluster.worker] ip'), host: String(ip) }];
  const target = kind === 'cluster_manager' ? values['manager.grpc_host'] : undefined;
  return target === undefined ? [] : [{ about: inFiles(file, '[manager] grpc_host'), host: withoutBrackets(withoutPort(String(target))) }];
}

/**
 * Members that find the registry on loopback tell that or, where their certificate is not for it, a name that it is for:
 * see src/bus/advertise.rs. The others are told of it when they join.
 *
 * @param {Module} module
 * @returns {Name[]}
 */
function namesOnBus({ file, registry }) {
  const { OWT_GRPC_ADVERTISE: advertised, OWT_GRPC_REGISTRY: ofAll } = process.env;
  if (advertised || !isLoopback(withoutPort(ofAll || String(registry)))) return [];
  return [{ about: ofAll ? 'OWT_GRPC_REGISTRY' : inFiles(file, '[rabbit]'), host: 'localhost', orAnyName: true }];
}

/**
 * What is in the files of modules in gRPC mode and does not do what was meant.
 *
 * @param {Module[]} modules
 * @param {string | undefined} first address of this machine
 * @param {import('./report').Report} report
 */
function checkModes(modules, first, report) {
  const isMixed = modules.some(({ grpc }) => grpc);
  for (const { file, grpc, hasGrpcMode, kind, values, programs } of modules) {
    report.ok(inFiles(file), grpc ? 'gRPC mode' : 'bus mode (enable_grpc is not true)');
    if (isMixed && !hasGrpcMode && programs.some(({ surface, whose }) => surface === 'amqpClient' && whose === 'ours')) {
      report.note(inFiles(file), 'has no gRPC mode: it is on the bus, where those in gRPC mode are not');
    }
    if (grpc && values['cluster.host'] !== undefined && values['cluster.grpc_host'] === undefined) {
      report.warn(inFiles(file, '[cluster] host'), 'is not read by anybody', 'name it grpc_host: OWT\'s guide has the wrong name');
    }
    if (grpc && kind === 'agent' && values['cluster.worker.ip'] === undefined) {
      report.note(inFiles(file, '[cluster.worker] ip'), `is not set: others are told the first address of this machine, ${first ?? 'which has none'}`, 'where others reach it by another one, set it to that: `owt-grpc swap . --enable-grpc --cluster-ip HOST` does');
    }
  }
}

module.exports = { checkModes, dialed, listening, ownNames };
