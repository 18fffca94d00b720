'use strict';

// Calls beside others of the same connection: what one of them waits for is not
// felt by the rest, and what has to wait says for what.

const assert = require('node:assert').strict;
const { once } = require('node:events');
const http2 = require('node:http2');
const { test } = require('node:test');
const { createClient } = require('../..');
const { ask, inAllPairings, ours, theirs } = require('../support/grpc/peers');

const LARGE = { type: 'webrtc', name: 'x'.repeat(100_000) };

/** Writes until the other side takes no more. */
function fill(call, message) {
  while (call.write(message));
  call.once('drain', () => fill(call, message));
}

const impl = {
  listenToNotifications: (call) => fill(call, LARGE),
  publish: (call, callback) => callback(null, { id: call.request.id }),
};

/** From later releases of Node.js 22 on, unread streams between grpc-js's own client and server hold up their neighbours; with ours at either end they do not. */
const isHeldUp = (client, server) => client === theirs && server === theirs && Number(process.versions.node.split('.')[0]) >= 22;

// Both sides are this process, and share what it may hold for its peers: with 300 that is nearly used up.
for (const count of [8, 16, 64, 200]) {
  inAllPairings(`a call is answered beside ${count} streams that are not read`, async ({ connect, clientSide }) => {
    const { client, server } = await connect('webrtc', impl);
    const streams = Array.from({ length: count }, () => client.listenToNotifications({ id: 'slow' }).on('error', () => {}));
    await Promise.all(streams.map((stream) => once(stream, 'metadata')));
    const other = clientSide.client('webrtc', server.port);
    try {
      for (const asking of [client, other]) {
        for (let n = 0; n < 20; n++) {
          const { error } = await ask(asking, 'publish', { id: String(n) }, { deadline: Date.now() + 5000 });
          assert.equal(error, null);
        }
      }
    } finally {
      for (const stream of streams) stream.cancel();
      other.close();
    }
  }, { skip: isHeldUp });
}

for (const count of [16, 64]) {
  inAllPairings(`a call is answered beside ${count} streams that their handlers do not read`, async ({ connect }) => {
    const { client } = await connect('quic', { validateTokenCallback() {}, subscribe: (call, callback) => callback(null, { id: call.request.id }) });
    const streams = Array.from({ length: count }, () => client.validateTokenCallback().on('error', () => {}));
    try {
      for (const stream of streams) fill(stream, { tokenId: 'x'.repeat(100_000) });
      for (let n = 0; n < 20; n++) {
        const { error } = await ask(client, 'subscribe', { id: String(n) }, { deadline: Date.now() + 5000 });
        assert.equal(error, null);
      }
    } finally {
      for (const stream of streams) stream.cancel();
    }
  }, { skip: isHeldUp });
}

test('a call is answered beside 3,000 open streams', { timeout: 20_000 }, async (t) => {
  const server = await ours.serve('webrtc', { ...impl, listenToNotifications: (call) => call.write({ name: 'hello' }) });
  const client = ours.client('webrtc', server.port);
  t.after(async () => {
    client.close();
    await server.stop();
  });
  const streams = Array.from({ length: 3000 }, () => client.listenToNotifications({}).on('error', () => {}));
  await Promise.all(streams.map((stream) => once(stream, 'data')));
  assert.equal((await ask(client, 'publish', { id: 'p' }, { deadline: Date.now() + 5000 })).error, null);
});

for (const limit of [1, 3]) {
  test(`a call that a peer's limit of ${limit} holds back says so at its deadline`, { timeout: 20_000 }, async (t) => {
    const peer = http2.createServer({ settings: { maxConcurrentStreams: limit } });
    const reached = [];
    peer.on('stream', (stream, headers) => reached.push([headers[':path'], stream.on('error', () => {})]));
    await once(peer.listen(0, '127.0.0.1'), 'listening');
    const client = createClient('webrtc', `127.0.0.1:${peer.address().port}`);
    t.after(() => {
      client.close();
      peer.close();
    });
    const first = Array.from({ length: limit }, () => ask(client, 'publish', { id: 'p' }, { deadline: Date.now() + 4000 }));
    while (reached.length < limit) await once(peer, 'stream');
    const held = await ask(client, 'publish', { id: 'p' }, { deadline: Date.now() + 500 });
    assert.equal(reached.length, limit);
    assert.match(held.error.details, new RegExp(`while waiting for a free stream, since 127\\.0\\.0\\.1:\\d+ allows ${limit} at once: it was not sent`));
    for (const { error } of await Promise.all(first)) assert.match(error.details, /while waiting for a reply from 127\.0\.0\.1:/);
  });
}
