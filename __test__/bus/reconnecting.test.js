'use strict';

// Peers that take connections and end each at once are not asked more and more
// often: not by channels, nor by links, nor by sessions.

const assert = require('node:assert').strict;
const { once } = require('node:events');
const http2 = require('node:http2');
const { describe, test } = require('node:test');
const { connectBus, createClient } = require('../..');
const { freePort } = require('../support/bus');
const { OPEN, joined, servesLinks } = require('../support/bus/raw-member');

const WHILE = 3000;
/** Pauses of 100 ms, growing by 1.6, after a first attempt and one more: ten at most. */
const MOST = 16;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A server that speaks HTTP/2 and ends each connection behind the first ping, as `end` does. */
async function server(t, end) {
  const made = { connections: 0 };
  const server = http2.createServer();
  const sessions = new Set();
  server.on('session', (session) => {
    made.connections++;
    sessions.add(session);
    session.on('error', () => {}).on('close', () => sessions.delete(session));
    session.on('ping', () => setImmediate(() => end(session)));
  });
  server.on('stream', (stream) => stream.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { address: `127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`, made };
}

const ends = [
  ['closes it', (session) => session.destroy()],
  ['says GOAWAY', (session) => session.goaway()],
  ['says GOAWAY and closes it', (session) => session.close()],
];

// What they do is wait.
describe('who ends each connection at once', { concurrency: true }, () => {
  for (const [name, end] of ends) {
    test(`a server that ${name} behind each connection's first ping is connected to with pauses`, { timeout: 20_000 }, async (t) => {
      const { address, made } = await server(t, end);
      const client = createClient('webrtc', address);
      t.after(() => client.close());
      let isOver = false;
      const codes = new Set();
      const calling = (async () => {
        while (!isOver) {
          await client.publish({}, { timeout: 500 }).then(() => assert.fail('nobody answers'), ({ code }) => codes.add(code));
          await pause(2);
        }
      })();
      await pause(WHILE);
      isOver = true;
      await calling;
      assert.ok(made.connections >= 2 && made.connections <= MOST, `${made.connections} connections`);
      t.diagnostic(`${made.connections} connections in ${WHILE} ms; calls ended with ${[...codes]}`);
    });

    test(`a registry's port that ${name} is connected to with pauses`, { timeout: 20_000 }, async (t) => {
      const { address, made } = await server(t, end);
      await assert.rejects(connectBus({ registry: address, host: false, timeout: WHILE }), { code: 'TIMEOUT' });
      // Each time it is looked whether the port is another program's.
      assert.ok(made.connections >= 2 && made.connections <= 2 * MOST, `${made.connections} connections`);
    });
  }

  test('a member that welcomes each link and ends it is dialed with pauses', { timeout: 20_000 }, async (t) => {
    const port = await freePort();
    const bus = await connectBus({ registry: `127.0.0.1:${port}`, ...OPEN });
    t.after(() => bus.close({ graceMs: 0 }));
    let links = 0;
    const address = await servesLinks(t, (stream) => {
      links++;
      stream.on('error', () => {});
      stream.once('data', () => {
        stream.write({ frames: [{ welcome: {} }] });
        stream.end();
      });
    });
    await joined(t, port, { address, ids: ['ghost'] });
    const end = Date.now() + WHILE;
    while (Date.now() < end) {
      bus.cast('ghost', 'm');
      await pause(2);
    }
    assert.ok(links >= 2 && links <= MOST, `${links} links`);
  });
});
