'use strict';

// Where the registry is and who may join: options, environment, defaults.

const { randomBytes } = require('node:crypto');
const { SETTINGS, isOn } = require('../common/environment');
const { checkedOptions, numberOption } = require('../common/options');
const { credentialsOf } = require('../tls/credentials');
const { rulesOf } = require('./authorize');
const { etcdCredentials, etcdAddress, isEtcd } = require('./etcd');
const { hostAndPort, withBrackets, withoutPort } = require('../common/host-port');
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
 */
function registryTarget(text, what) {
  const { host, port } = hostAndPort(text, what, DEFAULT_PORT);
  // One address for one place, whatever the order in which a name's addresses
  // come; its certificate is for the name.
  const isLocal = host === 'localhost';
  return { etcd: null, registry: `${isLocal ? '127.0.0.1' : host}:${port ?? DEFAULT_PORT}`, registryName: isLocal ? host : null };
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
  const onEtcd = isEtcd(address);
  const registry = onEtcd ? etcdAddress(owner, address, what, options.etcd) : registryTarget(address, what);
  const listening = listeningOf(owner, options, onEtcd ? null : Number(/\d+$/.exec(registry.registry)?.[0]));
  const serving = credentialsOf(owner, 'server', options.tls);
  const dialing = credentialsOf(owner, 'client', options.tls);
  // On etcd its own users and certificates decide who finds whom.
  const ofUser = onEtcd ? null : modeOfShared(withoutPort(registry.registry), { tls: serving !== null, advertised: listening.advertiseHost });
  const random = randomBytes(24).toString('hex');
  return {
    name: memberName(owner, options.name, random.slice(0, 12)),
    token: random.slice(12),
    cluster: clusterOf(options.cluster),
    seed: randomBytes(6).readUIntBE(0, 6) + 1,
    ...registry,
    insecure: isOn('OWT_GRPC_INSECURE') || options.insecure === true,
    mayHost: options.host !== false && isOn('OWT_GRPC_HOST_REGISTRY'),
    ...listening,
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
