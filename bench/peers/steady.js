'use strict';

// One process of the steady bench: `steady.js <back-end> <options> <role> <name>`.
// Its timers run from the start; what they send is switched by "on" and "off".
// "count" prints what has been sent and heard.

const { createInterface } = require('node:readline');
const { connected, participant, rpcClient, rpcServer, subscribed } = require('../../__test__/support/bus');

const [backEnd, options, role, name] = process.argv.slice(2);
const CLUSTER = 'owt-cluster';
const GROUP = 'owt-cluster.management';

const make = backEnd === 'ours' ? require('../../lib/dropin/amqpClient') : require('../../__test__/support/bus/rabbit-client');

const counts = { calls: 0, failed: 0, casts: 0, published: 0, heard: 0 };
let isOn = false;

/** A timer that begins at a moment of its own. */
function every(ms, work) {
  setTimeout(() => setInterval(() => isOn && work(), ms), Math.random() * ms);
}

const STATE = {
  term: 0, leaderId: 0, commitId: 531, lastVoteTerm: 0, lastVoteFor: 880733527, voteNum: 1, totalNode: 3, prevLogIndex: 531, prevLogTerm: 0,
  voters: {}, role: 'leader', timestamp: 1790000000000, maxDelay: 100, id: 880733527, electTimeout: 1000, minHeartTicket: 100,
};

const main = {
  /** What every agent, portal and bridge does for as long as it lives. */
  async worker(client) {
    const rpc = await rpcClient(client);
    await rpcServer(client, name, { ping: (reply) => reply('callback', 'pong') });
    every(800, () => {
      rpc.remoteCall(CLUSTER, 'keepAlive', [name], { callback: (data) => (data === 'ok' ? counts.calls++ : counts.failed++) });
    });
    every(1000, () => {
      counts.casts++;
      rpc.remoteCast(CLUSTER, 'reportLoad', [name, Math.random()]);
    });
  },
  /** The leader of the cluster managers. */
  async leader(client) {
    const channel = await participant(client, GROUP);
    const publish = (key, type, data) => {
      counts.published++;
      channel.publish(`clusterManager.${key}`, { type, data: { ...STATE, data } });
    };
    await subscribed(channel, ['clusterManager.broadcast'], () => counts.heard++);
    await subscribed(channel, ['clusterManager.leader', `clusterManager.leader.${name}`], () => counts.heard++);
    await rpcServer(client, CLUSTER, {
      keepAlive: (_, reply) => reply('callback', 'ok'),
      reportLoad: (worker, load) => publish('follower', 'appendEntry', { type: 'worker_load', payload: { worker, load } }),
    });
    every(100, () => ['leader', 'follower', 'candidate'].forEach((key) => publish(key, 'heartbeart')));
  },
  /** Another of them. */
  async follower(client) {
    const channel = await participant(client, GROUP);
    await subscribed(channel, ['clusterManager.broadcast'], () => counts.heard++);
    await subscribed(channel, ['clusterManager.follower', `clusterManager.follower.${name}`], () => counts.heard++);
  },
}[role];

const commands = {
  on: () => (isOn = true),
  off: () => (isOn = false),
  count: () => console.log(JSON.stringify(counts)),
};

connected(make(), JSON.parse(options)).then(async (client) => {
  await main(client);
  console.log('ready');
  const lines = createInterface({ input: process.stdin });
  lines.on('close', () => process.exit());
  for await (const line of lines) commands[line]();
});
