'use strict';

// What comes faster than it is taken leaves the rest of the process its turn.

const assert = require('node:assert').strict;
const { fork } = require('node:child_process');
const { once } = require('node:events');
const { test } = require('node:test');
const { Server, createClient } = require('../..');

const CALLS = 60;
const REPLY = 2 ** 20;

/** Its own process: the replies wait while this one does something else. */
async function serve() {
  const server = new Server().addService('webrtc', { publish: (_call, callback) => callback(null, { id: 'x'.repeat(REPLY) }) });
  process.send(await server.listen('127.0.0.1:0'));
  process.on('disconnect', () => process.exit(0));
}

if (process.send !== undefined && process.argv[2] === 'serve') serve();
else {
  test('a flood of replies is taken in many turns of the event loop, and each reply is handed on in its own', { timeout: 60_000 }, async (t) => {
    const server = fork(__filename, ['serve']);
    t.after(() => server.kill('SIGKILL'));
    const [port] = await once(server, 'message');
    const client = createClient('webrtc', `127.0.0.1:${port}`);
    t.after(() => client.close());
    let turn = 0;
    let isOver = false;
    (function next() {
      turn += 1;
      if (!isOver) setImmediate(next);
    })();
    const turns = new Map();
    const calls = Array.from({ length: CALLS }, () => client.publish({ id: '' }).then(() => turns.set(turn, (turns.get(turn) ?? 0) + 1)));
    // All of them have come when this thread looks again.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const until = Date.now() + 1500;
    while (Date.now() < until);
    await Promise.all(calls);
    isOver = true;
    const most = Math.max(...turns.values());
    assert.ok(most <= 2, `${most} replies of 1 MiB in one turn`);
  });
}
