'use strict';

// A server whose process has no descriptor left for another connection.

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { test } = require('node:test');
const { Server, createClient, setLogger } = require('../..');
const { sleep } = require('./attacked');

/** The process without descriptors. It opens nothing, not even to look at its memory. */
async function serve() {
  const logged = [];
  setLogger({ warn: (text) => logged.push(text) });
  const server = new Server().addService('webrtc', { publish: async () => ({}) });
  const port = await server.listen('127.0.0.1:0');
  process.on('message', () => process.send({ logged }));
  process.on('disconnect', () => process.exit(0));
  process.send({ port });
}

function attack() {
  test('connections that cannot be accepted cost those that stand nothing, and are told of once', { timeout: 60_000 }, async (t) => {
    const limited = 'ulimit -n 64; exec "$0" "$@"';
    const victim = spawn('bash', ['-c', limited, process.execPath, __filename, 'serve'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    t.after(() => victim.kill('SIGKILL'));
    const [{ port }] = await once(victim, 'message');
    const ask = async () => {
      victim.send('look');
      return (await once(victim, 'message'))[0];
    };
    const client = createClient('webrtc', `127.0.0.1:${port}`);
    t.after(() => client.close());
    await client.publish({});

    const sockets = Array.from({ length: 100 }, () => net.connect(port, '127.0.0.1').on('error', () => {}));
    const has = async (pattern) => {
      while (!(await ask()).logged.some((text) => pattern.test(text))) await sleep(50);
    };
    await has(/no connection is accepted: .*too many open files/i);
    // Long enough to be told of twenty times, at each try.
    for (let n = 0; n < 50; n++) {
      await client.publish({});
      await sleep(20);
    }
    for (const socket of sockets) socket.destroy();
    // It is over when nobody was turned away for a second.
    await sleep(1500);
    const late = createClient('webrtc', `127.0.0.1:${port}`, { keepaliveMs: 60_000 });
    t.after(() => late.close());
    await late.publish({});
    await has(/connections are accepted again, after \d+ failures/);
    const { logged } = await ask();
    assert.equal(logged.length, 2, logged.join('\n'));
  });
}

if (process.argv[2] === 'serve') serve();
else attack();
