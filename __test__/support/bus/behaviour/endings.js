'use strict';

// How calls end: by time, by the first reply, and what comes besides.

const assert = require('node:assert').strict;
const { performance } = require('node:perf_hooks');
const { called, eventually, rpcClient, rpcServer } = require('..');
const { unique } = require('./unique');

/** @type {import('./index').Promises} */
module.exports = (promise) => {
  promise('a timeout is told to every function, with one argument', async (join) => {
    const id = unique('audio');
    await rpcServer(await join(), id, { deinit() {} });
    const client = await rpcClient(await join());
    const start = performance.now();
    const got = await new Promise((resolve) => {
      const all = [];
      const note = (...args) => all.push(args) === 2 && resolve(all);
      client.remoteCall(id, 'deinit', [], { callback: note, onStatus: note }, 300);
    });
    assert.deepEqual(got, [['timeout'], ['timeout']]);
    assert.ok(performance.now() - start >= 299);
    assert.deepEqual(await called(client, unique('nobody'), 'x', [], 300), ['timeout']);
  });

  promise('the timeout is two seconds if none is given, and callbacks may be missing', async (join) => {
    const client = await rpcClient(await join());
    client.remoteCall(unique('nobody'), 'x', []);
    const start = performance.now();
    assert.deepEqual(await called(client, unique('nobody'), 'x', []), ['timeout']);
    const took = performance.now() - start;
    assert.ok(took >= 1990 && took < 3000, `${took} ms`);
  });

  promise('the first reply counts, and one that comes late harms nobody', async (join) => {
    const id = unique('conference');
    await rpcServer(await join(), id, {
      join: (reply) => {
        reply('callback', 'error', 'Room is full');
        reply('callback', 'error', 'Joining room failed');
      },
      late: (reply) => setTimeout(reply, 300, 'callback', 'late'),
      ping: (reply) => reply('callback', 'pong'),
    });
    const client = await rpcClient(await join());
    const replies = [];
    client.remoteCall(id, 'join', [], { callback: (...got) => replies.push(got) });
    client.remoteCall(id, 'late', [], { callback: (...got) => replies.push(got) }, 100);
    await eventually(() => replies.length === 2, 'both ended');
    await new Promise((resolve) => setTimeout(resolve, 350));
    assert.deepEqual(await called(client, id, 'ping', []), ['pong', undefined]);
    assert.deepEqual(replies, [['error', 'Room is full'], ['timeout']]);
  });

  promise('replies of other types come as often as they like', async (join) => {
    const id = unique('recording');
    await rpcServer(await join(), id, {
      start: (reply) => {
        reply('onStatus', 'one');
        reply('nobody listens', 'x');
        reply('onStatus', 'two');
        reply('callback', 'done');
      },
    });
    const client = await rpcClient(await join());
    const got = await new Promise((resolve) => {
      const all = [];
      const note = (name) => (data) => {
        all.push([name, data]);
        if (name === 'callback') resolve(all);
      };
      client.remoteCall(id, 'start', [], { callback: note('callback'), onStatus: note('onStatus') });
    });
    assert.deepEqual(got, [['onStatus', 'one'], ['onStatus', 'two'], ['callback', 'done']]);
  });
};
