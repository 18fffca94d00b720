'use strict';

// One of three managers. The leader sends heartbeats over the topic; when they
// stay away, whoever waits the shortest asks for votes, and with two of three it
// leads: it serves the cluster's id. Followers keep a copy of what it knows.

const { confirm, start } = require('../common/report');
const { CLUSTER, connect } = require('./messaging');

const [name, number] = process.argv.slice(2);
const me = Number(number);
const HEARTBEAT = 100;
const PATIENCE = 300 + me * 150;
const SILENCE = 1500;

const workers = new Map();
let term = 0;
let votedIn = 0;
let votes = new Set();
let leads = false;
let heardAt = Date.now();

async function main() {
  const messages = await connect();
  if (me === 1) confirm('hosts the registry');
  const channel = await messages.participant(`${CLUSTER}.management`);
  const target = await messages.target();

  const methods = {
    join(purpose, id, info, reply) {
      workers.set(id, { id, purpose, info, load: 0, seen: Date.now() });
      channel.publish('clusterManager.follower', { type: 'appendEntry', from: me, worker: { id, purpose, info } });
      confirm(`join ${purpose}`);
      reply('callback', 'initializing');
    },
    keepAlive(id, reply) {
      const worker = workers.get(id);
      if (worker === undefined) return reply('callback', 'whoareyou');
      worker.seen = Date.now();
      confirm(`keepAlive ${worker.purpose}`);
      reply('callback', 'ok');
    },
    reportLoad(id, load) {
      const worker = workers.get(id);
      if (worker === undefined) return;
      worker.load = load;
      confirm(`reportLoad ${worker.purpose}`);
    },
    schedule(purpose, task, preference, reserve, reply) {
      const found = [...workers.values()].filter((worker) => worker.purpose === purpose).sort((a, b) => a.load - b.load)[0];
      if (found === undefined) return reply('callback', 'error', `No scheduler for purpose: ${purpose}`);
      reply('callback', { id: found.id, info: found.info });
    },
    quit: (id) => workers.delete(id),
  };

  async function lead() {
    leads = true;
    for (const worker of workers.values()) worker.seen = Date.now();
    await messages.serve(CLUSTER, methods);
    confirm('leads');
  }

  async function follow() {
    leads = false;
    await messages.bus.removeRpcServer();
  }

  const onMessage = (message) => {
    if (message.type === 'requestVote' && message.term > votedIn) {
      votedIn = message.term;
      heardAt = Date.now();
      channel.publish(`clusterManager.candidate.${message.from}`, { type: 'responseVote', from: me, term: message.term });
    } else if (message.type === 'responseVote' && message.term === term) {
      votes.add(message.from);
      if (votes.size >= 2 && !leads) lead();
    } else if (message.type === 'heartbeat' && message.term >= term) {
      heardAt = Date.now();
      if (message.term > term && leads) follow();
      term = message.term;
    } else if (message.type === 'appendEntry' && message.from !== me) {
      workers.set(message.worker.id, { ...message.worker, load: 0, seen: Date.now() });
    }
  };
  const keys = ['clusterManager.follower', 'clusterManager.candidate', `clusterManager.candidate.${me}`];
  await new Promise((resolve) => channel.subscribe(keys, onMessage, resolve));

  setInterval(() => {
    if (leads) {
      channel.publish('clusterManager.follower', { type: 'heartbeat', from: me, term });
      for (const { id, purpose, seen } of workers.values()) {
        if (Date.now() - seen < SILENCE) continue;
        workers.delete(id);
        target.notify('quit', { purpose, id, type: 'worker' });
      }
    } else if (Date.now() - heardAt > PATIENCE) {
      heardAt = Date.now();
      term = Math.max(term, votedIn) + 1;
      votes = new Set();
      channel.publish('clusterManager.candidate', { type: 'requestVote', from: me, term });
    }
  }, HEARTBEAT).unref();

  start(name, () => messages.leave());
}

main();
