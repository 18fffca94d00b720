'use strict';

// A portal with one client of its own, which joins, says something and leaves.

const { confirm, start } = require('../common/report');
const { CLUSTER, connect, joinCluster, retry } = require('./messaging');

async function main() {
  const messages = await connect();
  const id = `portal-${process.pid.toString(16).padStart(20, '0')}@127.0.0.1`;
  await messages.serve(id, {
    notify(participant, event, data, reply) {
      confirm('portal notified');
      reply('callback', 'ok');
    },
    broadcast(controller, excluded, event, data, reply) {
      confirm('portal broadcast');
      reply('callback', 'ok');
    },
  });
  const worker = await joinCluster(messages, 'portal');
  await messages.monitor(({ message }) => confirm(`portal monitor saw ${message.purpose}`));
  const conference = await retry(() => messages.call(CLUSTER, 'schedule', 'conference', 'room1', {}, 30_000));
  confirm('portal scheduled');
  start('portal', async () => {
    await messages.call(conference.id, 'leave', 'alice').catch(() => {});
    worker.quit();
    await messages.leave();
  });
  await retry(() => messages.call(conference.id, 'join', 'alice', id));
  await messages.call(conference.id, 'text', 'alice', 'all', 'hello');
}

main();
