'use strict';

// What arguments and replies are on the other side: JSON, whole and nobody else's.

const assert = require('node:assert').strict;
const { called, rpcClient, rpcServer } = require('..');
const { unique } = require('./unique');

/** Section 1.8: what is sent, and as what it arrives. */
const JSON_RULES = [
  [{ a: undefined, b() {}, c: Symbol('c'), d: 1 }, { d: 1 }],
  [[undefined, () => {}, NaN, Infinity, -0], [null, null, null, null, 0]],
  [1e21, 1e21],
  [new Date(0), '1970-01-01T00:00:00.000Z'],
  [Buffer.from('ab'), { type: 'Buffer', data: [97, 98] }],
  [{ map: new Map([[1, 2]]), set: new Set([1]), error: new Error('e') }, { map: {}, set: {}, error: {} }],
  [{ toJSON: () => ({ plain: true }) }, { plain: true }],
  [2 ** 53 + 2, 2 ** 53 + 2],
  ['naïve 漢字 😀 \u0000 ""', 'naïve 漢字 😀 \u0000 ""'],
  ['', ''],
  [null, null],
];

/** @type {import('./index').Promises} */
module.exports = (promise) => {
  promise('arguments keep their places and follow the rules of JSON', async (join) => {
    const id = unique('webrtc');
    await rpcServer(await join(), id, { echo: (...args) => args.slice(-1)[0]('callback', args.slice(0, -1)) });
    const client = await rpcClient(await join());
    const sent = JSON_RULES.map(([value]) => value);
    const expected = JSON_RULES.map(([, value]) => value);
    assert.deepEqual(await called(client, id, 'echo', sent), [expected, undefined]);
    assert.deepEqual(await called(client, id, 'echo', [undefined, 1, undefined]), [[null, 1, null], undefined]);
  });

  promise('each side owns what it got', async (join) => {
    const id = unique('webrtc');
    const kept = { list: [1] };
    await rpcServer(await join(), id, {
      get: (given, reply) => {
        given.list.push(2);
        reply('callback', kept);
      },
    });
    const client = await rpcClient(await join());
    const mine = { list: [1] };
    const [got] = await called(client, id, 'get', [mine]);
    got.list.push(3);
    assert.deepEqual([mine, kept], [{ list: [1] }, { list: [1] }]);
  });

  promise('large bodies arrive whole', async (join) => {
    const id = unique('large');
    await rpcServer(await join(), id, { echo: (text, reply) => reply('callback', text) });
    const client = await rpcClient(await join());
    for (const size of [65_535, 65_536, 100_000, 1_000_000, 5_000_000]) {
      const text = 'ä€x'.repeat(size / 3);
      const [got] = await called(client, id, 'echo', [text], 10_000);
      assert.ok(got === text, `${size} characters`);
    }
  });
};
