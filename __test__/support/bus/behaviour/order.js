'use strict';

// What is sent in an order arrives in it.

const assert = require('node:assert').strict;
const { called, eventually, participant, rpcClient, rpcServer, subscribed } = require('..');
const { unique } = require('./unique');

/** @type {import('./index').Promises} */
module.exports = (promise) => {
  promise('calls and casts to one destination arrive in the order they were made', async (join) => {
    const id = unique('portal');
    const seen = [];
    await rpcServer(await join(), id, {
      notify: (n, _, reply) => {
        seen.push(n);
        reply?.('callback', 'ok');
      },
    });
    const client = await rpcClient(await join());
    let last;
    for (let n = 0; n < 300; n++) {
      const padding = n % 50 === 0 ? 'x'.repeat(200_000) : '';
      if (n % 3 === 0) last = called(client, id, 'notify', [n, padding]);
      else client.remoteCast(id, 'notify', [n, padding]);
    }
    client.remoteCast(id, 'notify', [300, '']);
    await last;
    await eventually(() => seen.length === 301, 'all arrived');
    assert.deepEqual(seen, Array.from({ length: 301 }, (_, n) => n));
  });

  promise('messages of one publisher arrive in order', async (join) => {
    const group = unique('raft');
    const channel = await participant(await join(), group);
    const publisher = await participant(await join(), group);
    const seen = [];
    await subscribed(channel, ['clusterManager.#'], ({ commitId }) => seen.push(commitId));
    for (let commitId = 0; commitId < 500; commitId++) {
      publisher.publish(['clusterManager.follower', 'clusterManager.leader'][commitId % 2], { commitId, load: 'x'.repeat(commitId) });
    }
    await eventually(() => seen.length === 500, 'all arrived');
    assert.deepEqual(seen, Array.from({ length: 500 }, (_, n) => n));
  });
};
