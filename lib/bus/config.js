'use strict';

// Where the registry is and who may join: options, environment, defaults.

const { randomBytes } = require('node:crypto');
const { SETTINGS, isOn } = require('../common/environment');
const { checkedOptions, numberOption } = require('../common/options');
const { credentialsOf } = require('../tls/credentials');
const { rulesOf } = require('./authorize');
const { etcdCredentials, etcdAddress, isEtcd } = require('./etcd');
const { hostAndPort, isLoopback, withBrackets, withoutPort } = require('../common/host-port');
const { addressesBeside, isOwnAddress } = require('../common/own-addresses');
const { listeningOf } = require('./listening');
const { memberName } = require('./member-name');
const { clusterSecret, modeOfShared, operatorSecret } = require('./secret');

const DEFAULT_PORT = 5680;
/** AMQP's: in OWT's toml files they name RabbitMQ, which is not asked. */
const AMQP_PORTS = [5671, 5672];
const MAX_MESSAGE = 16 * 1024 * 1024;
/** V8 has no longer text: nobody could be given more. */
const LONGEST_TEXT = 0x1fffffe8;
const LINK_IDLE_MS = 5 * 60 * 1000;

const OPTIONS = ['registry', 'etcd', 'cluster', 'name', 'advertise', 'ports', 'insecure', 'host', 'maxMessageBytes', 'linkIdleMs', 'tls', 'signal', 'timeout', 'secret', 'secretMode', 'authorize', 'operatorSecret'];

/** @typedef {{ registry?: string, etcd?: import('./etcd').EtcdOptions, cluster?: string, name?: string, advertise?: string, ports?: string | number, insecure?: boolean, host?: boolean, maxMessageBytes?: number, linkIdleMs?: number, tls?: any, timeout?: number, secret?: string | string[], secretMode?: string, authorize?: string, operatorSecret?: string | string[] }} BusOptions */

/**
 * @param {string} text
 * @param {string} what
 * @param {boolean} mayLeave whether what members say may leave this machine
 */
function registryTarget(text, what, mayLeave) {
  const { host, port } = hostAndPort(text, what, DEFAULT_PORT);
  // One address for one place, whatever the order in which a name's addresses
  // come; its certificate is for the name.
  const isLocal = host === 'localhost';
  // What must not leave this machine stays on loopback, where nobody else listens, and
  // where all of its members find each other, by whichever address they name it.
  const staysFor = !mayLeave && isOwnAddress(host) ? host : null;
  const at = isLocal || staysFor !== null ? '127.0.0.1' : host;
  const registryPort = port ?? DEFAULT_PORT;
  return { place: { etcd: null, registry: `${at}:${registryPort}`, registryName: isLocal ? host : null }, registryPort, staysFor };
}

/**
 * OWT's `[rabbit]` table, which may have no prototype, as options of the bus.
 *
 * @param {Record<string, any> | null | undefined} rabbit
 * @returns {BusOptions}
 */
function fromRabbit(rabbit) {
  const host = rabbit?.host ?? rabbit?.hostname ?? 'localhost';
  const port = Number(rabbit?.port ?? DEFAULT_PORT);
  /** @type {BusOptions} */
  const options = { registry: `${withBrackets(String(host))}:${AMQP_PORTS.includes(port) ? DEFAULT_PORT : port}` };
  if (rabbit?.secret != null) options.secret = rabbit.secret;
  if (rabbit?.vhost && rabbit.vhost !== '/') options.cluster = String(rabbit.vhost);
  return options;
}

/** @param {unknown} given */
const clusterOf = (given) => process.env.OWT_GRPC_CLUSTER || String(given ?? SETTINGS.OWT_GRPC_CLUSTER.default);

/**
 * What the native side is given. The environment goes before the options: who
 * starts a process knows better than a file it was packed with.
 *
 * @param {string} owner for errors
 * @param {BusOptions | undefined} given
 */
function busOptions(owner, given) {
  const options = checkedOptions(owner, given, OPTIONS);
  const { env } = process;
  const [address, what] = env.OWT_GRPC_REGISTRY
    ? [env.OWT_GRPC_REGISTRY, 'OWT_GRPC_REGISTRY']
    : [String(options.registry ?? SETTINGS.OWT_GRPC_REGISTRY.default), `${owner}: option registry`];
  const insecure = isOn('OWT_GRPC_INSECURE') || options.insecure === true;
  const serving = credentialsOf(owner, 'server', options.tls);
  const dialing = credentialsOf(owner, 'client', options.tls);
  const mayLeave = insecure || serving !== null;
  const onEtcd = isEtcd(address);
  const { place, registryPort, staysFor } = onEtcd
    ? { place: etcdAddress(owner, address, what, options.etcd), registryPort: null, staysFor: null }
    : registryTarget(address, what, mayLeave);
  const registryHost = withoutPort(place.registry);
  const isLocal = !onEtcd && isLoopback(registryHost);
  const listening = listeningOf(owner, options, registryPort);
  // It listens on loopback only, and nobody else would dial it.
  if (isLocal && !mayLeave && isOwnAddress(listening.advertiseHost ?? '')) listening.advertiseHost = null;
  const mayHost = options.host !== false && isOn('OWT_GRPC_HOST_REGISTRY');
  // On etcd its own users and certificates decide who finds whom.
  const ofUser = onEtcd ? null : modeOfShared(registryHost, { tls: serving !== null, advertised: listening.advertiseHost });
  const random = randomBytes(24).toString('hex');
  return {
    name: memberName(owner, options.name, random.slice(0, 12)),
    token: random.slice(12),
    cluster: clusterOf(options.cluster),
    seed: randomBytes(6).readUIntBE(0, 6) + 1,
    ...place,
    /** The address of this machine that was named for the registry, if loopback stands in for it. */
    staysFor,
    insecure,
    mayHost,
    ...listening,
    beside: mayHost && isLocal ? addressesBeside(registryHost) : [],
    maxMessageBytes: numberOption(owner, options, 'maxMessageBytes', { min: 1024, max: LONGEST_TEXT }) ?? MAX_MESSAGE,
    linkIdleMs: numberOption(owner, options, 'linkIdleMs', { min: 100, max: 0xffffffff }) ?? LINK_IDLE_MS,
    serving,
    dialing,
    secret: clusterSecret(owner, options, ofUser),
    operator: operatorSecret(owner, options.operatorSecret),
    /** Whether this is the command, which says so to those it calls: see src/bus/member/operator.rs. */
    isCommand: false,
    authorize: rulesOf(owner, options.authorize, serving),
    dialingEtcd: onEtcd ? etcdCredentials(owner, options.etcd) : null,
  };
}

module.exports = { DEFAULT_PORT, busOptions, clusterOf, fromRabbit };
