'use strict';

// The room: finds a worker of each purpose, publishes to it, hears of it, and
// tells the portal.

const { confirm, start } = require('../common/report');
const { agents } = require('../steps');
const { CLUSTER, connect, joinCluster, retry } = require('./messaging');

const others = agents.filter((agent) => agent !== 'conference');
const participants = new Map();
const progress = new Map();

async function main() {
  const messages = await connect();
  const id = `conference-${process.pid.toString(16).padStart(20, '0')}@127.0.0.1`;
  const portals = () => new Set(participants.values());

  function heard(session, event) {
    const seen = progress.get(session) ?? [];
    progress.set(session, seen);
    seen.push(event.type === 'answer' ? -1 : event.n);
    if (seen.length !== 21) return;
    confirm(`conference heard ${session}`);
    const isOrdered = (list) => list.every((n, at) => n === at - 1);
    if (progress.size === others.length && [...progress.values()].every(isOrdered)) confirm('conference heard every candidate in order');
  }

  await messages.serve(id, {
    join(participant, portal, reply) {
      participants.set(participant, portal);
      confirm('conference join');
      reply('callback', { participants: [...participants.keys()] });
      for (const one of portals()) messages.call(one, 'broadcast', id, [], 'participant', { id: participant }).catch(() => {});
    },
    text(from, to, message, reply) {
      confirm('conference text');
      reply('callback', 'ok');
      messages.call(participants.get(from), 'notify', from, 'text', { from, to, message }).catch(() => {});
    },
    leave(participant, reply) {
      participants.delete(participant);
      confirm('conference leave');
      reply('callback', 'ok');
    },
    getParticipants: (reply) => reply('callback', [...participants.keys()]),
    onTransportProgress: heard,
  });
  const worker = await joinCluster(messages, 'conference');
  await messages.monitor(({ reason, message }) => {
    if (reason === 'quit') confirm(`conference monitor saw ${message.purpose}`);
  });
  start('conference', async () => {
    worker.quit();
    await messages.leave();
  });

  for (const purpose of others) {
    const { id: node } = await retry(() => messages.call(CLUSTER, 'schedule', purpose, 'task', {}, 30_000));
    messages.call(node, 'publish', purpose, { controller: id }, {}).catch(() => {});
    messages.cast(node, 'linkup', purpose, {});
  }
}

main();
