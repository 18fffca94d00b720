'use strict';

// What OWT's modules do with this library, one thing after the other, for systems
// and runtimes on which the whole suite does not run.

const assert = require('node:assert').strict;
const { fork } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { connectBus, createClient } = require('../../..');
const { startClient, startServer, stopServer } = require('../../../lib/dropin/grpcTools');

/** It is the other process and the worker thread, too. */
const SCRIPT = path.join(__dirname, 'steps-process.js');
const NOT_FOUND = 5;
const MB = 1_000_000;

/** What is served at the steps' address. */
const webrtc = {
  publish: async ({ request }) => ({ id: request.id }),
  subscribe: (_call, callback) => callback({ code: NOT_FOUND, details: 'no such stream' }),
  linkup: () => new Promise(() => {}),
  async *listenToNotifications() {
    for (let n = 0; n < 1000; n++) yield { type: 'webrtc', name: `update ${n}` };
  },
};

const quic = {
  async *validateTokenCallback(call) {
    for await (const { tokenId } of call) yield { tokenId };
  },
};

/** @type {Record<string, (at: { address: string, registry: string }) => Promise<void>>} */
const STEPS = {
  async 'unary calls'({ address }) {
    const client = createClient('webrtc', address);
    const ids = Array.from({ length: 200 }, (_, n) => `stream ${n}`);
    const replies = await Promise.all(ids.map((id) => client.publish({ id })));
    client.close();
    assert.deepEqual(replies.map(({ id }) => id), ids);
  },

  async 'a message of 3 MB'({ address }) {
    const client = createClient('webrtc', address);
    const { id } = await client.publish({ id: 'x'.repeat(3 * MB) });
    client.close();
    assert.equal(id.length, 3 * MB);
  },

  async 'an error with its status'({ address }) {
    const client = createClient('webrtc', address);
    await assert.rejects(client.subscribe({}), { code: NOT_FOUND, details: 'no such stream' });
    client.close();
  },

  async 'a server stream'({ address }) {
    const client = createClient('webrtc', address);
    const names = [];
    for await (const { name } of client.listenToNotifications({ id: 'me' })) names.push(name);
    client.close();
    assert.deepEqual([names.length, names[999]], [1000, 'update 999']);
  },

  async 'a stream in both directions'({ address }) {
    const client = createClient('quic', address);
    const tokens = client.validateTokenCallback();
    tokens.write({ tokenId: 'a' });
    tokens.end({ tokenId: 'b' });
    const ids = [];
    for await (const { tokenId } of tokens) ids.push(tokenId);
    client.close();
    assert.deepEqual(ids, ['a', 'b']);
  },

  async "OWT's gRPC helper"() {
    const port = await startServer('webrtc', { publish: (call, callback) => callback(null, { id: call.request.id }) });
    const client = startClient('webrtc', `localhost:${port}`);
    const id = await new Promise((resolve, reject) => client.publish({ id: 'p' }, (error, reply) => (error ? reject(error) : resolve(reply.id))));
    client.close();
    await stopServer(port);
    assert.equal(id, 'p');
  },

  async 'calls, an error and a topic on the bus'({ registry }) {
    const [node, portal] = [await connectBus({ registry }), await connectBus({ registry })];
    await node.serve('node', {
      add: (a, b) => a + b,
      fail() {
        throw new Error('no such room');
      },
    });
    assert.equal(await portal.call('node', 'add', [1, 2]), 3);
    await assert.rejects(portal.call('node', 'fail', []), { code: 'HANDLER', message: /no such room/ });
    const news = portal.subscribe('news', 'room1.#');
    await news.ready;
    node.publish('news', 'room1.joined', { id: 'alice' });
    for await (const { data } of news) {
      assert.deepEqual(data, { id: 'alice' });
      break;
    }
    await portal.close();
    await node.close();
  },

  async 'another process on the bus, killed'({ registry }) {
    const bus = await connectBus({ registry });
    const child = fork(SCRIPT, [registry, 'serve']);
    assert.equal(await bus.call('child', 'pid', [], { timeout: 60_000 }), child.pid);
    const unanswered = bus.call('child', 'wait', []);
    await bus.call('child', 'waits', []);
    child.kill('SIGKILL');
    await assert.rejects(unanswered, { code: 'PEER_LOST' });
    await bus.close();
  },

  async 'a worker thread, terminated amid calls'({ address }) {
    const worker = new Worker(SCRIPT, { workerData: { address } });
    const [id] = await once(worker, 'message');
    assert.equal(id, 'from a worker');
    await worker.terminate();
  },
};

/** With OWT's variables. */
const STEPS_OF_TLS = {
  async 'plaintext is refused'({ address }) {
    const client = createClient('webrtc', address, { tls: false });
    await assert.rejects(client.publish({ id: 'p' }), { code: 14 });
    client.close();
  },
};

module.exports = { SCRIPT, STEPS, STEPS_OF_TLS, quic, webrtc };
