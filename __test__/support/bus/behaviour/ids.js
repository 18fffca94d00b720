'use strict';

// Who serves an id: taking turns, moving, nobody.

const assert = require('node:assert').strict;
const { called, eventually, rpcClient, rpcServer } = require('..');
const { unique } = require('./unique');

/** @type {import('./index').Promises} */
module.exports = (promise) => {
  promise('two servers of one id take turns, and one leaving takes nothing from the other', async (join) => {
    const id = unique('stream-service');
    const servers = [await join(), await join()];
    for (const [n, server] of servers.entries()) await rpcServer(server, id, { who: (reply) => reply('callback', n) });
    const client = await rpcClient(await join());
    const asked = async () => (await Promise.all(Array.from({ length: 10 }, () => called(client, id, 'who', [])))).map(([n]) => n);
    const both = await asked();
    assert.equal(both.filter((n) => n === 0).length, 5);
    assert.equal(await servers[0].removeRpcServer(), 'ok');
    assert.equal(await servers[0].removeRpcServer(), 'ok');
    assert.deepEqual(await asked(), Array(10).fill(1));
    await rpcServer(servers[0], id, { who: (reply) => reply('callback', 0) });
    assert.equal((await asked()).filter((n) => n === 0).length, 5);
  });

  promise('an id that moves to another process is found there', async (join) => {
    const id = unique('owt-cluster');
    const [first, second] = [await join(), await join()];
    await rpcServer(first, id, { who: (reply) => reply('callback', 'first') });
    const client = await rpcClient(await join());
    assert.deepEqual(await called(client, id, 'who', []), ['first', undefined]);
    await first.removeRpcServer();
    await rpcServer(second, id, { who: (reply) => reply('callback', 'second') });
    assert.deepEqual(await called(client, id, 'who', []), ['second', undefined]);
  });

  promise('a cast to nobody is dropped silently', async (join) => {
    const id = unique('agent');
    const bus = await join();
    const seen = [];
    const client = await rpcClient(bus);
    client.remoteCast(id, 'quit', [1]);
    client.remoteCast(undefined, 'quit', [1]);
    await rpcServer(await join(), id, { quit: (n) => seen.push(n) });
    client.remoteCast(id, 'quit', [2]);
    await eventually(() => seen.length > 0, 'the second arrived');
    assert.deepEqual(seen, [2]);
  });
};
