'use strict';

// OWT's RabbitMQ client, call for call, on the bus. Translates; decides nothing
// that the modules could notice.

require('../common/compat/node-version').demandNode();

const { BusConnection } = require('../bus/connection');
const { busOptions, fromRabbit } = require('../bus/config');
const { callSite, calledAt } = require('../common/call-site');
const { servableId } = require('../bus/names');
const { nextTick } = require('../common/clock');
const { hasOwn } = require('../common/compat/objects');
const { RpcClient } = require('./amqp/rpc-client');
const { RpcServer } = require('./amqp/rpc-server');
const { Monitor, MonitoringTarget } = require('./amqp/monitor');
const { TopicParticipant } = require('./amqp/topic-participant');
const { call } = require('./amqp/callbacks');
const { messageOf } = require('../common/errors');
const { INFO, WARN, log } = require('../common/log');

/**
 * What handlers at work are given to end, in ms. OWT's workers are stopped by SIGTERM and wait
 * for this before they exit; whoever started them waits a second at most.
 */
const GRACE_MS = 500;
const NOT_READY = 'amqp connection not ready';

/** @typedef {((...args: any[]) => void) | undefined} Callback */

/**
 * State is in own, assignable properties: OWT's stream service copies a client
 * with `Object.assign`, and the copy shares the connection and has a server of
 * its own.
 */
class AmqpClient {
  constructor() {
    /** @type {BusConnection | null} */
    this.connection = null;
    /** @type {RpcClient | null} */
    this.rpcClient = null;
    /** @type {RpcServer | null} */
    this.rpcServer = null;
    /** @type {Monitor | null} */
    this.monitor = null;
    /** @type {MonitoringTarget | null} */
    this.monitoringTarget = null;
    /** @type {Record<string, TopicParticipant>} */
    this.topicParticipants = {};
  }

  /**
   * @param {Record<string, any> | undefined} options OWT's `[rabbit]`
   * @param {Callback} onOk called once
   * @param {Callback} [onFailure] with an Error: what waiting would not mend
   */
  connect(options, onOk, onFailure) {
    if (this.connection !== null) {
      nextTick(() => call('connect', onFailure, new Error('This client is connected already')));
      return;
    }
    let once = onOk;
    const site = callSite(this.connect);
    try {
      const connection = new BusConnection(busOptions('amqpClient', fromRabbit(options)), {
        onJoined: () => {
          log(INFO, `joined as ${connection.member} by the registry ${connection.registry}`);
          const first = once;
          once = undefined;
          call('connect', first);
        },
        onParted: (why) => log(WARN, `lost the registry, trying again: ${why}`),
        onRefused: (why) => {
          void connection.close();
          if (this.connection === connection) this.connection = null;
          log(WARN, why);
          call('connect', onFailure, calledAt(new Error(why), site));
        },
      });
      this.connection = connection;
    } catch (error) {
      nextTick(() => call('connect', onFailure, error));
    }
  }

  /**
   * @param {Callback} onFailure
   * @returns {BusConnection | null}
   */
  ready(onFailure) {
    if (this.connection !== null && this.connection.isOpen) return this.connection;
    call('asXxx', onFailure, NOT_READY);
    return null;
  }

  /**
   * @param {Callback} onOk
   * @param {Callback} [onFailure]
   */
  asRpcClient(onOk, onFailure) {
    if (this.ready(onFailure) === null) return;
    if (this.rpcClient === null) this.rpcClient = new RpcClient(this);
    call('asRpcClient', onOk, this.rpcClient);
  }

  /**
   * @param {string} id
   * @param {any} methods
   * @param {Callback} onOk
   * @param {Callback} [onFailure]
   */
  asRpcServer(id, methods, onOk, onFailure) {
    const connection = this.ready(onFailure);
    if (connection === null) return;
    if (this.rpcServer !== null) {
      call('asRpcServer', onOk, this.rpcServer);
      return;
    }
    try {
      servableId('An id', id);
    } catch (error) {
      call('asRpcServer', onFailure, error);
      return;
    }
    const server = new RpcServer(this, id, methods);
    this.rpcServer = server;
    // Nothing is in effect if this client is disconnected meanwhile.
    void server.ready.then((isServed) => isServed && call('asRpcServer', onOk, server), (error) => {
      if (this.rpcServer === server) this.rpcServer = null;
      log(WARN, messageOf(error));
      call('asRpcServer', onFailure, error);
    });
  }

  /** @returns {Promise<string>} */
  async removeRpcServer() {
    const server = this.rpcServer;
    this.rpcServer = null;
    if (server !== null && this.connection !== null) await this.connection.stopServing(server.service);
    return 'ok';
  }

  /**
   * @param {string} group
   * @param {Callback} onOk
   * @param {Callback} [onFailure]
   */
  asTopicParticipant(group, onOk, onFailure) {
    if (this.ready(onFailure) === null) return;
    if (!hasOwn(this.topicParticipants, group)) this.topicParticipants[group] = new TopicParticipant(this, String(group));
    call('asTopicParticipant', onOk, this.topicParticipants[group]);
  }

  /**
   * @param {Callback} onMessage
   * @param {Callback} onOk
   * @param {Callback} [onFailure]
   */
  asMonitor(onMessage, onOk, onFailure) {
    const connection = this.ready(onFailure);
    if (connection === null) return;
    if (this.monitor === null) this.monitor = new Monitor(this, onMessage);
    else this.monitor.onMessage = onMessage;
    const { monitor } = this;
    void monitor.ready.then((isReady) => isReady && call('asMonitor', onOk, monitor));
  }

  /**
   * @param {Callback} onOk
   * @param {Callback} [onFailure]
   */
  asMonitoringTarget(onOk, onFailure) {
    if (this.ready(onFailure) === null) return;
    if (this.monitoringTarget === null) this.monitoringTarget = new MonitoringTarget(this);
    call('asMonitoringTarget', onOk, this.monitoringTarget);
  }

  /**
   * Lets the handlers at work end, and leaves.
   *
   * @returns {Promise<void>} never rejects; takes less than a second
   */
  async disconnect() {
    const { connection } = this;
    if (connection === null) return;
    const left = connection.close(GRACE_MS);
    this.connection = null;
    this.rpcClient = null;
    this.rpcServer = null;
    this.monitor = null;
    this.monitoringTarget = null;
    this.topicParticipants = {};
    await left;
  }

  /** @returns {Promise<void>} as `disconnect` */
  close() {
    return this.disconnect();
  }
}

/** @returns {AmqpClient} a client that is not connected */
module.exports = () => new AmqpClient();
