'use strict';

// A server: which handlers it has, its port, its life.

const { parseHostPort, withoutBrackets } = require('../../common/host-port');
const { checkedOptions, flagOption, graceOf, numberOption, switchOption } = require('../../common/options');
const { transportOptions } = require('../transport-options');
const { contractOf, fullNameOf, serviceOf } = require('../contract');
const { getBridge } = require('../../crossing/bridge');
const { warnOfMisspelt } = require('./misspelt');
const { grpcStats, methodStats } = require('../../observability/call-stats');
const { serveByEnvironment } = require('../../observability/metrics-by-environment');
const { startCall } = require('./incoming-call');
const { hasCode } = require('./handler-status');
const { SharedPort, WHY_NOT, sharesPorts } = require('./shared-port');
const { credentialsOf } = require('../../tls/credentials');
const { watchingReplies } = require('../unknown-fields');

/** Whole numbers from 1, of calls, connections and ms. */
const LIMITS = [
  'maxConcurrentStreams',
  'maxConnections',
  'firstCallTimeoutMs',
  'maxConnectionIdleMs',
  'maxConnectionAgeMs',
  'maxConnectionAgeGraceMs',
  'maxCallMs',
];

const OPTIONS = [
  'maxMessageBytes',
  'maxReceiveBytes',
  'maxSendBytes',
  'maxMetadataBytes',
  'keepaliveMs',
  'keepaliveTimeoutMs',
  ...LIMITS,
  'hideThrown',
  'health',
  'reflection',
  'tls',
];

/** What a port number can be used for when it is taken. */
const ADVICE = /** @type {Record<string, string>} */ ({
  EADDRINUSE: `another process listens there: stop it, choose another port, or 0 for any free one${WHY_NOT}`,
  EADDRNOTAVAIL: 'this machine does not have that address: use one of its own, or 0.0.0.0 for all',
  EACCES: 'the system does not allow it: ports below 1024 need privileges',
});

/**
 * @typedef {import('../../codec-runtime').Method} Method
 * @typedef {{ method: Method, handle: Function, callStats: import('../../observability/call-stats').CallStats }} Handler
 */

/** @param {Record<string, any>} options */
function limitsOf(options) {
  const each = LIMITS.map((name) => [name, numberOption('server', options, name, { min: 1, max: 0x7fffffff })]);
  return Object.fromEntries(each);
}

class Server {
  /** @param {object} [options] see index.d.ts */
  constructor(options) {
    const checked = checkedOptions('server', options, OPTIONS);
    this.options = {
      ...transportOptions('server', checked),
      ...limitsOf(checked),
    };
    /**
     * Looked at when it listens. A function, which shows nothing: it may have a key and its
     * passphrase in it. Private members would fail a server that its user has wrapped.
     *
     * @type {() => any}
     */
    this.tls = () => checked.tls;
    /** @type {import('../../tls/credentials').Credentials | null} */
    this.credentials = null;
    /** Texts of exceptions stay here. */
    this.hideThrown = flagOption('server', checked, 'hideThrown');
    /** @type {Map<string, Handler>} by path */
    this.handlers = new Map();
    /** @type {Set<import('../../codec-runtime').Contract>} what it serves */
    this.contracts = new Set();
    /** @type {Map<number, Handler>} by the native number of the path */
    this.byNumber = new Map();
    /** @type {Map<number, string>} */
    this.peers = new Map();
    /** @type {import('../../crossing/bridge').Bridge | null} */
    this.bridge = null;
    this.id = 0;
    this.callStats = grpcStats();
    /** The port while it listens, otherwise null. @type {number | null} */
    this.port = null;
    /** In a worker of `node:cluster`, whose primary listens. @type {SharedPort | null} */
    this.shared = null;
    /** Of a listen() that is under way or has been done. @type {Promise<number> | null} */
    this.starting = null;
    /** Of a stop() that ends it. Neither outlives a listen() that failed. @type {Promise<number> | null} */
    this.stopping = null;
    /** @type {{ resolve: (value: number) => void, reject: (error: Error) => void } | null} */
    this.waiter = null;
    this.health = switchOption('server', checked, 'health', 'OWT_GRPC_HEALTH') ? this.withHealth() : null;
    this.reflection = switchOption('server', checked, 'reflection', 'OWT_GRPC_REFLECTION') ? this.withReflection() : null;
  }

  withHealth() {
    const { HEALTH, Health } = require('../services/health');
    const health = new Health();
    this.register(HEALTH, health);
    return health;
  }

  withReflection() {
    const { REFLECTION, Reflection } = require('../services/reflection');
    const reflection = new Reflection(this.contracts);
    for (const name of REFLECTION) this.register(name, reflection);
    return reflection;
  }

  /**
   * Registers handlers, before `listen`. They are looked up under their proto
   * and camelCase names and bound to `impl` now; other keys are ignored, and
   * methods without a handler answer UNIMPLEMENTED.
   *
   * @param {string} type OWT's name of the service, or the full name of a standard one
   * @param {Record<string, any>} impl
   * @returns {this}
   */
  addService(type, impl) {
    const service = serviceOf(type);
    if (impl === null || typeof impl !== 'object') {
      throw new TypeError(`addService('${type}'): the implementation must be an object, not ${String(impl)}`);
    }
    if (this.starting !== null) throw new Error(`addService('${type}'): the server listens already`);
    this.health?.add(service.name);
    this.register(type, impl);
    warnOfMisspelt(type, impl, service.methods);
    return this;
  }

  /** @param {string} type @param {Record<string, any>} impl */
  register(type, impl) {
    this.contracts.add(contractOf(type));
    for (const method of serviceOf(type).methods) {
      const handle = impl[method.originalName] ?? impl[method.name];
      if (typeof handle !== 'function') continue;
      this.handlers.set(method.path, { method: this.methodOf(method), handle: handle.bind(impl), callStats: methodStats('server', method) });
    }
  }

  /**
   * Sets what the health service says of a service, or of the server as a whole.
   *
   * @param {string} service OWT's name, any full name, or '' for the server
   * @param {'SERVING' | 'NOT_SERVING' | 'UNKNOWN'} state
   * @returns {this}
   */
  setHealth(service, state) {
    if (this.health === null) {
      throw new Error(`setHealth('${service}'): this server has no health service: make it with { health: true }`);
    }
    if (typeof service !== 'string') throw new TypeError(`setHealth: the service must be a string, not ${String(service)}`);
    this.health.set(fullNameOf(service), state);
    return this;
  }

  /**
   * Listens.
   *
   * @param {string | number} [address] host:port, or a port on all addresses; port 0 is any free one
   * @returns {Promise<number>} the port
   */
  listen(address = 0) {
    if (this.starting !== null) return Promise.reject(new Error('The server listens already, or has been stopped'));
    const starting = this.begin(address);
    this.starting = starting;
    starting.catch(() => {
      this.starting = null;
      this.stopping = null;
    });
    return starting;
  }

  /**
   * @param {string | number} address
   * @returns {Promise<number>}
   */
  async begin(address) {
    const { host, port } = parseAddress(address);
    serveByEnvironment();
    this.credentials = credentialsOf('server', 'server', this.tls());
    const bridge = getBridge();
    this.bridge = bridge;
    this.id = bridge.nextServer++;
    bridge.servers.set(this.id, this);
    /** @type {object[]} */
    const methods = [];
    for (const [path, handler] of this.handlers) {
      const number = bridge.native.method(path);
      this.byNumber.set(number, handler);
      methods.push({ method: number, path, requestStream: handler.method.requestStream });
    }
    bridge.acquire();
    try {
      const handed = sharesPorts();
      const bound = await new Promise((resolve, reject) => {
        this.waiter = { resolve, reject };
        bridge.native.listen(this.id, { host, port, handed, methods, ...this.options }, this.credentials?.native);
      });
      this.port = handed ? await this.share(bridge, host, port) : bound;
      return /** @type {number} */ (this.port);
    } catch (error) {
      bridge.servers.delete(this.id);
      bridge.release();
      this.credentials?.release();
      const failure = /** @type {NodeJS.ErrnoException} */ (error);
      const advice = ADVICE[failure.code ?? ''];
      failure.message = `Cannot listen on ${host}:${port}: ${failure.message}${advice ? ` (${advice})` : ''}`;
      throw failure;
    }
  }

  /**
   * Connections come by the primary of `node:cluster`.
   *
   * @param {import('../../crossing/bridge').Bridge} bridge
   * @param {string} host
   * @param {number} port
   * @returns {Promise<number>} the port that the workers have agreed on
   */
  async share(bridge, host, port) {
    const take = (/** @type {number} */ descriptor) => bridge.native.handOver(this.id, descriptor);
    try {
      this.shared = await SharedPort.open(host, port, take, () => this.stop());
      return this.shared.port;
    } catch (error) {
      await this.stopNative(bridge, 0);
      throw error;
    }
  }

  /**
   * Stops: takes no more calls, lets those under way end for `graceMs`, cuts off
   * the rest. Calling it again waits for the same end. A server that does
   * not listen has nothing to stop, and may listen later.
   *
   * @param {{ graceMs?: number }} [options]
   * @returns {Promise<number>} how many connections had to be cut off with calls on them
   */
  async stop(options) {
    /** @type {number | undefined} */
    let graceMs;
    try {
      graceMs = graceOf('stop', options);
    } finally {
      // Whoever ends a process is told of a mistake in the options, and not kept by it.
      if (this.starting !== null && this.stopping === null) this.stopping = this.end(this.starting, graceMs ?? graceOf('stop', undefined));
      await this.stopping;
    }
    return this.stopping ?? 0;
  }

  /**
   * @param {Promise<number>} starting
   * @param {number} graceMs
   */
  async end(starting, graceMs) {
    try {
      await starting;
    } catch (_error) {
      // It never listened, and whoever called listen() knows why.
    }
    const { bridge } = this;
    if (bridge === null || this.port === null) return 0;
    // Who watches is told of it, and answers given before stop() leave, before
    // the connections are told to go.
    this.health?.stop();
    this.reflection?.stop();
    bridge.outbox.flush();
    this.shared?.close();
    const cutOff = await this.stopNative(bridge, graceMs);
    this.port = null;
    bridge.servers.delete(this.id);
    bridge.release();
    this.credentials?.release();
    return cutOff;
  }

  /**
   * @param {import('../../crossing/bridge').Bridge} bridge
   * @param {number} graceMs
   * @returns {Promise<number>}
   */
  stopNative(bridge, graceMs) {
    return new Promise((resolve, reject) => {
      this.waiter = { resolve, reject };
      bridge.native.stopServer(this.id, graceMs);
    });
  }

  // How its handlers are understood: OWT's were written for grpc-js (lib/dropin/owt-server.js).

  /** @param {Method} method @returns {Method} as its replies are encoded */
  methodOf(method) {
    return watchingReplies(method);
  }

  /** @param {boolean} _isAtOnce whether a handler's exception was thrown before it returned */
  hides(_isAtOnce) {
    return this.hideThrown;
  }

  /**
   * @param {any} error that a handler calls back with, or emits
   * @returns {boolean} whether it is an answer; others are failures, and logged
   */
  isAnswer(error) {
    return hasCode(error);
  }

  /**
   * @param {any} reply what a handler gives
   * @returns {any} what is sent for it
   */
  messageOf(reply) {
    return reply;
  }

  /** @returns {import('../../..').ServerStats} what has come in so far */
  stats() {
    const { buffered, maxBuffered } = getBridge().native.counts();
    return { port: this.port, connections: this.peers.size, bufferedBytes: buffered, maxBufferedBytes: maxBuffered, ...this.callStats.counts() };
  }

  async [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() {
    await this.stop();
  }

  // Events of the bridge.

  /** @param {number} port @param {string} error @param {string} code */
  onListening(port, error, code) {
    if (error === '') this.waiter?.resolve(port);
    else this.waiter?.reject(Object.assign(new Error(error), { code }));
  }

  /** @param {number} cutOff */
  onStopped(cutOff) {
    this.waiter?.resolve(cutOff);
  }

  /** @param {number} connection @param {string} peer */
  onConnected(connection, peer) {
    this.peers.set(connection, peer);
  }

  /** @param {number} connection */
  onDisconnected(connection) {
    this.peers.delete(connection);
  }

  /** @param {number} id @param {number} method @param {number} connection @param {number} left @param {Buffer | null} metadata @param {import('../../crossing/message').Message | null} message */
  onIncoming(id, method, connection, left, metadata, message) {
    startCall(this, id, method, connection, left, metadata, message);
  }
}

/**
 * @param {string | number} address
 * @returns {{ host: string, port: number }}
 */
function parseAddress(address) {
  // The environment has numbers as texts.
  const isPort = typeof address === 'number' || /^\d+$/.test(String(address));
  const text = isPort ? `0.0.0.0:${address}` : String(address);
  const { host, port } = parseHostPort(text) ?? { host: '', port: null };
  if (port === null || port > 65535) {
    throw new TypeError(`Cannot listen on "${text}": expected a port from 0 to 65535, or host:port, such as 127.0.0.1:0`);
  }
  return { host: withoutBrackets(host), port };
}

module.exports = { Server };
