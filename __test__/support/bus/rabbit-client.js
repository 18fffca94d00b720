'use strict';

// OWT's messaging over RabbitMQ, by the queues and exchanges of its contract:
// what owt-grpc/amqpClient is compared with. Only what a broker decides is
// RabbitMQ's here; how a request finds its method is the module's own business.

const amqp = require('amqplib');
const { methodOf } = require('../../../lib/bus/dispatch');

const RPC = 'owtRpc';
const MONITORING = 'owtMonitoring';
const pack = (content) => Buffer.from(JSON.stringify(content));
const unpack = (message) => JSON.parse(message.content.toString());

class RabbitClient {
  constructor() {
    this.channel = null;
    this.rpcClient = null;
    this.rpcServer = null;
    this.participants = {};
  }

  connect(options, onOk, onFailure) {
    this.open(options).then(onOk, onFailure);
  }

  /** `amqplib` is the folder of another one than that of the tests. */
  async open({ rabbit = 'amqp://127.0.0.1:5672', noDelay = false, amqplib }) {
    const { connect } = amqplib === undefined ? amqp : require(amqplib);
    this.connection = await connect(rabbit, { noDelay });
    this.channel = await this.connection.createChannel();
    await this.channel.assertExchange(RPC, 'direct', { autoDelete: true, durable: false });
  }

  asRpcClient(onOk, onFailure) {
    if (this.rpcClient === null) this.rpcClient = new RpcClient(this.channel);
    this.rpcClient.ready.then(() => onOk(this.rpcClient), onFailure);
  }

  asRpcServer(id, methods, onOk, onFailure) {
    if (this.rpcServer === null) this.rpcServer = new RpcServer(this.channel, id, methods);
    this.rpcServer.ready.then(() => onOk(this.rpcServer), onFailure);
  }

  async removeRpcServer() {
    const server = this.rpcServer;
    this.rpcServer = null;
    if (server !== null) await this.channel.cancel(server.tag);
    return 'ok';
  }

  asTopicParticipant(group, onOk) {
    if (this.participants[group] === undefined) this.participants[group] = new Participant(this, group);
    this.participants[group].ready.then(() => onOk(this.participants[group]));
  }

  asMonitor(onMessage, onOk) {
    const monitor = new Participant(this, MONITORING);
    monitor.ready.then(() => monitor.subscribe(['exit.#'], onMessage, () => onOk(monitor)));
  }

  asMonitoringTarget(onOk) {
    onOk({
      notify: (reason, message) => this.channel.publish(MONITORING, `exit.${reason}`, pack({ reason, message })),
    });
  }

  async disconnect() {
    const { connection } = this;
    this.connection = null;
    await connection?.close();
  }
}

class RpcClient {
  constructor(channel) {
    this.channel = channel;
    this.pending = new Map();
    this.next = 1;
    this.ready = this.open();
  }

  async open() {
    const { queue } = await this.channel.assertQueue('', { exclusive: true, autoDelete: true, durable: false });
    this.replyTo = queue;
    await this.channel.consume(queue, (message) => this.replied(unpack(message)), { noAck: true });
  }

  replied({ corrID, type, data, err }) {
    const entry = this.pending.get(corrID);
    if (entry === undefined) return;
    if (type === 'callback') {
      clearTimeout(entry.timer);
      this.pending.delete(corrID);
    }
    entry.callbacks[type]?.call({}, data, err);
  }

  remoteCall(to, method, args, callbacks = {}, timeout = 2000) {
    const corrID = this.next++;
    const timer = setTimeout(() => {
      this.pending.delete(corrID);
      for (const callback of Object.values(callbacks)) callback('timeout');
    }, timeout);
    this.pending.set(corrID, { callbacks, timer });
    this.channel.sendToQueue(String(to), pack({ method, args: args ?? [], corrID, replyTo: this.replyTo }));
  }

  remoteCast(to, method, args) {
    this.channel.sendToQueue(String(to), pack({ method, args: args ?? [] }));
  }
}

class RpcServer {
  constructor(channel, id, methods) {
    this.channel = channel;
    this.methods = methods;
    this.ready = this.open(id);
  }

  async open(id) {
    await this.channel.assertQueue(id, { durable: false, autoDelete: true });
    const { consumerTag } = await this.channel.consume(id, (message) => message !== null && this.handle(unpack(message)), { noAck: true });
    this.tag = consumerTag;
  }

  handle({ method, args, corrID, replyTo }) {
    const reply = (type, data, err) => this.channel.sendToQueue(replyTo, pack({ data, corrID, type, err }));
    const called = methodOf(this.methods, method);
    if (called === undefined) {
      if (replyTo !== undefined) reply('callback', 'error', 'Not support method');
      return;
    }
    try {
      called.apply(this.methods, replyTo === undefined ? args : [...args, reply]);
    } catch (error) {
      if (replyTo !== undefined) reply('callback', 'error', error.message);
    }
  }
}

/**
 * One queue per subscription: which of them a message matches is the broker's
 * word. The exchange for monitoring is declared as OWT does: a broker that OWT's
 * modules have used has it. Those of the tests go with their last user.
 */
class Participant {
  constructor(bus, exchange) {
    this.bus = bus;
    this.channel = bus.channel;
    this.exchange = exchange;
    this.subscriptions = [];
    this.ready = this.channel.assertExchange(exchange, 'topic', { autoDelete: exchange !== MONITORING, durable: false });
  }

  async subscribe(patterns, onMessage, onOk) {
    const { queue } = await this.channel.assertQueue('', { exclusive: true, autoDelete: true, durable: false });
    this.subscriptions.push({ queue, patterns });
    for (const pattern of patterns) await this.channel.bindQueue(queue, this.exchange, pattern);
    await this.channel.consume(queue, (message) => message !== null && onMessage(unpack(message), message.fields.routingKey), { noAck: true });
    onOk?.();
  }

  async unsubscribe(patterns) {
    for (const { queue, patterns: own } of this.subscriptions) {
      for (const pattern of patterns.filter((one) => own.includes(one))) {
        await this.channel.unbindQueue(queue, this.exchange, pattern);
      }
    }
  }

  publish(topic, data) {
    this.channel.publish(this.exchange, topic, pack(data));
  }
}

module.exports = () => new RabbitClient();
