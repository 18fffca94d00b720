'use strict';

const { performance } = require('node:perf_hooks');
const { freePort } = require('../../../examples/demo/common/port');
const amqpClient = require('../../../lib/dropin/amqpClient');

/** The callback style, as promises. */
const connected = (client, options) => new Promise((resolve, reject) => client.connect(options, () => resolve(client), reject));
const rpcClient = (client) => new Promise((resolve, reject) => client.asRpcClient(resolve, reject));
const rpcServer = (client, id, methods) => new Promise((resolve, reject) => client.asRpcServer(id, methods, resolve, reject));
const participant = (client, group) => new Promise((resolve, reject) => client.asTopicParticipant(group, resolve, reject));
const subscribed = (channel, patterns, onMessage) => new Promise((resolve) => channel.subscribe(patterns, onMessage, resolve));

/** What a call's callback gets. */
const called = (client, to, method, args, timeout) =>
  new Promise((resolve) => client.remoteCall(to, method, args, { callback: (...got) => resolve(got) }, timeout));

/** Resolves when `condition` holds; fails after so many ms. */
async function eventually(condition, what, ms = 10_000) {
  const until = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > until) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * Clients on a registry of their own, disconnected when the test is over.
 *
 * @param {import('node:test').TestContext} t
 */
async function cluster(t) {
  const options = { host: '127.0.0.1', port: await freePort() };
  const clients = [];
  t.after(() => Promise.all(clients.map((client) => client.disconnect())));
  return {
    options,
    async join() {
      const client = amqpClient();
      clients.push(client);
      return connected(client, options);
    },
  };
}

module.exports = { called, cluster, connected, eventually, freePort, participant, rpcClient, rpcServer, subscribed };
