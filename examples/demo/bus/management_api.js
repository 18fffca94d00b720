'use strict';

// Plays the operator: asks for participants, changes a room, and sees by the
// bus's own status that the registry was lost and found.

const { confirm, start } = require('../common/report');
const { CLUSTER, connect, retry } = require('./messaging');
const { connectBus } = require('owt-grpc');

async function main() {
  const messages = await connect();
  const observer = await connectBus();
  start('management_api', async () => {
    await observer.close();
    await messages.leave();
  });
  messages.call('sip-portal', 'handleSipUpdate', { type: 'create', room: 'room1' }).catch(() => {});
  const conference = await retry(() => messages.call(CLUSTER, 'schedule', 'conference', 'room1', {}, 30_000));
  await retry(async () => {
    const list = await messages.call(conference.id, 'getParticipants');
    if (!list.includes('alice')) throw new Error('not yet');
  });
  confirm('management_api has the participants');
  const { epoch } = (await observer.status()).registry;
  const looking = setInterval(async () => {
    const status = await observer.status().catch(() => null);
    if (status === null || !status.registry.connected || status.registry.epoch === epoch) return;
    clearInterval(looking);
    // The id of the cluster is served again, by another process.
    await retry(() => messages.call(CLUSTER, 'schedule', 'conference', 'room1', {}, 30_000));
    confirm('management_api found a new registry');
  }, 100).unref();
}

main();
