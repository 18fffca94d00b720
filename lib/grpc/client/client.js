'use strict';

// Clients: one class per service, made once, whose methods start calls.

const { sortArguments } = require('./call-options');
const { callSite, callSiteIfCheap, thrownTo } = require('../../common/call-site');
const { checkedOptions, numberOption } = require('../../common/options');
const { transportOptions } = require('../transport-options');
const { serviceOf } = require('../contract');
const { getBridge } = require('../../crossing/bridge');
const { proxyFor } = require('../proxy');
const { grpcStats, methodStats } = require('../../observability/call-stats');
const { serveByEnvironment } = require('../../observability/metrics-by-environment');
const { capture } = require('../../observability/tracing');
const { BidiStreamCall, ClientStreamCall, ServerStreamCall } = require('./stream-call');
const { credentialsOf } = require('../../tls/credentials');
const { UnaryCall } = require('./unary-call');
const { watchingRequests } = require('../unknown-fields');

const OPTIONS = [
  'maxMessageBytes',
  'maxReceiveBytes',
  'maxSendBytes',
  'maxMetadataBytes',
  'keepaliveMs',
  'keepaliveTimeoutMs',
  'maxPendingCalls',
  'tls',
  'proxy',
];

const MAX_PENDING_CALLS = 100_000;

/**
 * A method, with the number that stands for its path in the native core and the
 * counts of its calls.
 *
 * @typedef {import('../../codec-runtime').Method & { number: number, callStats: import('../../observability/call-stats').CallStats }} Method
 */

/**
 * What a client's calls share: the way to the server.
 */
class Connection {
  /**
   * @param {string} target
   * @param {Record<string, any>} options
   */
  constructor(target, options) {
    serveByEnvironment();
    this.bridge = getBridge();
    this.target = target;
    this.maxPendingCalls = numberOption('client', options, 'maxPendingCalls', { min: 1 }) ?? MAX_PENDING_CALLS;
    this.credentials = credentialsOf('client', 'client', options.tls);
    const proxy = proxyFor(options.proxy, process.env, target);
    /** @type {number} */
    this.channel = this.bridge.native.openChannel({ target, ...proxy, ...transportOptions('client', options) }, this.credentials?.native);
    this.bridge.channels.add(this.channel);
    this.closed = false;
    this.callStats = grpcStats();
    /** Attempts to connect, as they were when the channel was closed. */
    this.lastCounts = { connected: 0, failed: 0 };
    /** @type {Set<{ stream: import('node:stream').Readable | import('node:stream').Writable }>} open streams */
    this.streams = new Set();
    closeUnused.register(this, { bridge: this.bridge, channel: this.channel }, this);
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    closeUnused.unregister(this);
    // Calls under way hold the channel themselves: their commands go first.
    this.bridge.outbox.flush();
    this.lastCounts = this.bridge.native.counts(this.channel);
    giveBack(this.bridge, this.channel);
    this.credentials?.release();
    for (const { stream } of [...this.streams]) stream.destroy();
  }
}

/** A client that is dropped without close() gives its channel back, too. */
const closeUnused = new FinalizationRegistry(({ bridge, channel }) => giveBack(bridge, channel));

/**
 * @param {import('../../crossing/bridge').Bridge} bridge
 * @param {number} channel
 */
function giveBack(bridge, channel) {
  bridge.channels.delete(channel);
  bridge.native.closeChannel(channel);
}

/** Where a client has its connection: no private field, which a Proxy of a client or an object made from one would not have. */
const CONNECTION = Symbol('connection');

/** The base of all clients. */
class Client {
  /** @param {Connection} connection */
  constructor(connection) {
    // Not shown when a client is printed.
    Object.defineProperty(this, CONNECTION, { value: connection });
  }

  /** @returns {Connection} */
  get [CONNECTION]() {
    throw new TypeError('This is no client: make one by createClient()');
  }

  /**
   * The connection, for a call that is about to start.
   *
   * @param {Client} client
   */
  static connectionOf(client) {
    const connection = client[CONNECTION];
    if (connection.closed) throw new Error('Channel has been shut down');
    return connection;
  }

  /** Ends the client: later calls throw, pending calls finish, open streams are cancelled. Twice is fine. */
  close() {
    this[CONNECTION].close();
  }

  /** @returns {'idle' | 'connecting' | 'ready' | 'backoff' | 'closed'} what the channel is doing */
  get state() {
    const { bridge, channel, closed } = this[CONNECTION];
    return closed ? 'closed' : bridge.native.channelState(channel);
  }

  /** @returns {import('../../..').ClientStats} what its calls and its channel have done */
  stats() {
    const { bridge, channel, closed, lastCounts, callStats, target } = this[CONNECTION];
    const { buffered, maxBuffered } = bridge.native.counts();
    const { connected, failed } = closed ? lastCounts : bridge.native.counts(channel);
    const process = { bufferedBytes: buffered, maxBufferedBytes: maxBuffered };
    return { target, state: this.state, connections: connected, connectionFailures: failed, ...process, ...callStats.counts() };
  }

  async [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() {
    this.close();
  }
}

/** @param {Method} method whose request was forgotten: as in grpc-js, since nobody else may hear of it */
function missing({ originalName }) {
  return new TypeError(`${originalName} needs a request in front of its callback: {} for an empty one`);
}

/**
 * @param {Method} method that answers with a stream
 * @param {any} a
 * @param {any} b
 */
function withoutCallback({ originalName }, a, b) {
  const sorted = sortArguments(a, b);
  if (sorted.callback !== null) throw new TypeError(`${originalName} takes no callback: what it returns is the stream of its replies`);
  return sorted;
}

/**
 * @param {Method} method
 * @returns {(this: Client, request: any, a?: any, b?: any, c?: any) => any}
 */
function unary(method) {
  return function call(request, a, b, c) {
    const connection = Client.connectionOf(this);
    if (typeof request === 'function') throw missing(method);
    const { options, callback } = sortArguments(a, b, c);
    if (callback !== null) {
      const started = new UnaryCall(connection, method, callback, capture(), callSiteIfCheap(call));
      started.start(request, options);
      return started;
    }
    return new Promise((resolve) => {
      const settle = (/** @type {Error | null} */ error, /** @type {any} */ reply) => resolve(error === null ? reply : thrownTo(error));
      // What waits for a promise is in its own context again by itself.
      new UnaryCall(connection, method, settle, null, null).start(request, options);
    });
  };
}

/**
 * @param {Method} method
 * @returns {(this: Client, ...args: any[]) => any}
 */
function serverStream(method) {
  return function call(request, a, b) {
    const connection = Client.connectionOf(this);
    if (typeof request === 'function') throw missing(method);
    const { options } = withoutCallback(method, a, b);
    const stream = new ServerStreamCall(connection, method, callSite(call));
    stream.start(request, options);
    return stream;
  };
}

/**
 * @param {Method} method
 * @returns {(this: Client, ...args: any[]) => any}
 */
function clientStream(method) {
  return function call(a, b, c) {
    const connection = Client.connectionOf(this);
    const { options, callback } = sortArguments(a, b, c);
    if (callback === null) throw new TypeError(`${method.originalName} needs a callback for its reply`);
    const stream = new ClientStreamCall(connection, method, callSite(call), callback);
    stream.start(options);
    return stream;
  };
}

/**
 * @param {Method} method
 * @returns {(this: Client, ...args: any[]) => any}
 */
function bidiStream(method) {
  return function call(a, b) {
    const connection = Client.connectionOf(this);
    const { options } = withoutCallback(method, a, b);
    const stream = new BidiStreamCall(connection, method, callSite(call));
    stream.start(options);
    return stream;
  };
}

/** @param {import('../../codec-runtime').Method} method */
function starterOf(method) {
  const numbered = { ...method, number: getBridge().native.method(method.path), callStats: methodStats('client', method) };
  if (method.requestStream) return method.responseStream ? bidiStream(numbered) : clientStream(numbered);
  return method.responseStream ? serverStream(numbered) : unary(numbered);
}

/** By the service's name. @typedef {Map<string, typeof Client>} Classes */

/** @type {Classes} */
const classes = new Map();
/** Of those whose requests are taken as they are. @type {Classes} */
const unwatched = new Map();

/**
 * @param {{ name: string, methods: import('../../codec-runtime').Method[] }} service
 * @param {Classes} made
 */
function classOf(service, made) {
  let found = made.get(service.name);
  if (found === undefined) {
    found = class extends Client {};
    for (const method of service.methods) {
      const value = starterOf(made === unwatched ? method : watchingRequests(method));
      Object.defineProperty(found.prototype, method.name, { value, writable: true, configurable: true });
      Object.defineProperty(found.prototype, method.originalName, { value, writable: true, configurable: true });
    }
    made.set(service.name, found);
  }
  return found;
}

/**
 * A client of one of OWT's services. Connects at its first call.
 *
 * @param {string} type OWT's name of the service, such as 'webrtc'
 * @param {string} address host:port
 * @param {object} [options]
 * @returns {any} its methods by their proto and camelCase names
 */
function createClient(type, address, options) {
  return clientOf(type, address, options, classes);
}

/**
 * A client for OWT's modules, which send fields that no message has.
 *
 * @param {string} type
 * @param {string} address
 * @returns {any}
 */
function createOwtClient(type, address) {
  return clientOf(type, address, undefined, unwatched);
}

/**
 * @param {string} type
 * @param {string} address
 * @param {object | undefined} options
 * @param {Classes} made
 */
function clientOf(type, address, options, made) {
  const service = serviceOf(type);
  if (typeof address !== 'string') throw new TypeError('Channel target must be a string');
  const checked = checkedOptions('client', options, OPTIONS);
  return new (classOf(service, made))(new Connection(address, checked));
}

module.exports = { Connection, createClient, createOwtClient };
