'use strict';

// A registry that stands alone: members come to it instead of one of them being
// it. All of it is on the native side; this starts and stops it.

const { isOn } = require('../common/environment');
const { checkedOptions } = require('../common/options');
const { getBridge } = require('../crossing/bridge');
const { credentialsOf } = require('../tls/credentials');
const { rulesOf } = require('./authorize');
const { DEFAULT_PORT, clusterOf } = require('./config');
const { hostAndPort, withoutBrackets } = require('../common/host-port');
const { addressesBeside } = require('../common/own-addresses');
const { clusterSecret, modeOfShared } = require('./secret');
const { nativeSecret } = require('./secret-keys');

const OPTIONS = ['listen', 'cluster', 'tls', 'insecure', 'secret', 'secretMode', 'authorize'];

const ADVICE = /** @type {Record<string, string>} */ ({
  EADDRINUSE:
    'another process listens there. If it is a member of the bus that became the registry itself, start members with ' +
    'OWT_GRPC_HOST_REGISTRY=0; two registries do not know of each other',
  EADDRNOTAVAIL: 'this machine does not have that address: use one of its own, or 0.0.0.0 for all',
  EACCES: 'the system does not allow it: ports below 1024 need privileges',
});

/** Receives the events of the bridge: to it, a registry is a server. */
class Registry {
  /** @param {Record<string, any>} options see index.d.ts */
  constructor(options) {
    const { listen = `127.0.0.1:${DEFAULT_PORT}`, tls, insecure } = options;
    this.listen = String(listen);
    const { host, port } = hostAndPort(this.listen, 'startRegistry: option listen', DEFAULT_PORT, 0);
    this.bridge = getBridge();
    this.id = this.bridge.nextServer++;
    this.port = 0;
    /** Held, so that they are kept current. */
    this.credentials = credentialsOf('startRegistry', 'server', tls);
    this.native = {
      host: withoutBrackets(host),
      port: port ?? DEFAULT_PORT,
      cluster: clusterOf(options.cluster),
      insecure: insecure === true || isOn('OWT_GRPC_INSECURE'),
      beside: addressesBeside(host),
    };
    this.secret = clusterSecret('startRegistry', options, modeOfShared(host, { tls: this.credentials !== null }));
    this.authorize = rulesOf('startRegistry', options.authorize, this.credentials);
    /** @type {Promise<void> | null} */
    this.stopping = null;
    /** @type {(port: number) => void} */
    this.bound = () => {};
    /** @type {(error: Error) => void} */
    this.failed = () => {};
    /** @type {(value?: any) => void} */
    this.stopped = () => {};
  }

  /** @returns {Promise<void>} */
  async start() {
    const { bridge } = this;
    const secret = this.secret === null ? undefined : await nativeSecret(this.secret, this.native.cluster);
    bridge.servers.set(this.id, this);
    bridge.acquire();
    try {
      this.port = await new Promise((resolve, reject) => {
        this.bound = resolve;
        this.failed = reject;
        bridge.native.openRegistry(this.id, { ...this.native, secret }, this.credentials?.native, this.authorize?.native);
      });
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** @returns {Promise<void>} */
  stop() {
    this.stopping = this.stopping ?? new Promise((resolve) => {
      this.stopped = resolve;
      this.bridge.native.stopServer(this.id, 0);
    }).then(() => this.forget());
    return this.stopping;
  }

  forget() {
    this.bridge.servers.delete(this.id);
    this.bridge.release();
  }

  // Events of the bridge.

  /** @param {number} port @param {string} error @param {string} code */
  onListening(port, error, code) {
    if (error === '') return this.bound(port);
    const advice = ADVICE[code];
    const text = `The registry cannot listen on ${this.listen}: ${error}${advice ? ` (${advice})` : ''}`;
    return this.failed(Object.assign(new Error(text), { code }));
  }

  onStopped() {
    this.stopped();
  }

  // Sessions are calls that JavaScript never sees.
  onConnected() {}
  onDisconnected() {}
  onIncoming() {}
}

/**
 * Serves a registry of the bus until it is stopped.
 *
 * @param {object} [options] see index.d.ts
 * @returns {Promise<{ port: number, stop: () => Promise<void> }>}
 */
async function startRegistry(options) {
  const registry = new Registry(checkedOptions('startRegistry', options, OPTIONS));
  await registry.start();
  return { port: registry.port, stop: () => registry.stop() };
}

module.exports = { startRegistry };
