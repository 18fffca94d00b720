'use strict';

// What is lost, and what is waited for, is said: once as it begins and once when it
// is over, not for each.

const assert = require('node:assert').strict;
const { once } = require('node:events');
const net = require('node:net');
const { performance } = require('node:perf_hooks');
const { test } = require('node:test');
const { connectBus, setLogger } = require('../..');
const { Spells } = require('../../lib/bus/spells');
const { eventually, freePort } = require('../support/bus');
const { Member } = require('../support/bus/member');
const { OPEN, joined, servesLinks } = require('../support/bus/raw-member');

/** @param {import('node:test').TestContext} t */
function warnings(t) {
  const lines = [];
  setLogger({ warn: (text) => lines.push(text) });
  t.after(() => setLogger(null));
  return lines;
}

async function muteServer(t) {
  const sockets = new Set();
  const server = net.createServer((socket) => sockets.add(socket.on('error', () => {}))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${/** @type {net.AddressInfo} */ (server.address()).port}`;
}

test('messages that a peer does not take are dropped with a warning, and with their number when it has caught up', { timeout: 60_000 }, async (t) => {
  const said = warnings(t);
  const port = await freePort();
  const bus = await connectBus({ registry: `127.0.0.1:${port}`, ...OPEN });
  t.after(() => bus.close({ graceMs: 0 }));
  const paused = [];
  const address = await servesLinks(t, (stream) => {
    stream.on('error', () => {});
    stream.once('data', () => {
      stream.write({ frames: [{ welcome: {} }] });
      paused.push(stream.pause());
    });
  });
  await joined(t, port, { address, subscriptions: [{ exchange: 'news', pattern: '#' }] });
  const body = 'x'.repeat(1 << 20);
  const lines = (pattern) => said.filter((text) => pattern.test(text));
  for (let n = 0; (await bus.status()).dropped < 20; n++) bus.publish('news', 'n', body);
  assert.equal(lines(/casts and messages for guest at 127\.0\.0\.1:\d+ are being dropped: \d+ frames of 3\d MiB wait for it/).length, 1);
  await eventually(() => paused.length === 1, 'the link stands');
  paused[0].resume();
  await eventually(() => lines(/\d+ casts and messages for guest at .* were dropped within \d+ s/).length === 1, 'it is over, and said');
  const count = Number(lines(/were dropped within/)[0].match(/(\d+) casts/)[1]);
  assert.equal(count, (await bus.status()).dropped);
  assert.equal(lines(/dropped/).length, 2);
});

test('a loop that is too slow loses the oldest messages, and the log says so as it begins and when it has caught up', async (t) => {
  const said = warnings(t);
  const bus = await connectBus({ registry: `127.0.0.1:${await freePort()}` });
  t.after(() => bus.close());
  const news = await bus.subscribe('news', '#', { maxWaiting: 3 });
  for (let n = 0; n < 10; n++) bus.publish('news', 'k', n);
  await eventually(() => news.dropped === 7, 'seven are dropped');
  for (let n = 7; n < 10; n++) assert.equal((await news.next()).value.data, n);
  assert.deepEqual(said, ['owt-grpc: bus: 3 messages of news wait to be read: the oldest are dropped', 'owt-grpc: bus: 7 messages of news were dropped before the others were read']);
});

test('whatever happens all is counted and little is told', () => {
  const spells = new Spells();
  let [now, happened, told, lines] = [0, 0, 0, 0];
  for (let n = 0, seed = 1; n < 20_000; n++) {
    seed = (seed * 1103515245 + 12345) % 0x80000000;
    now += seed % 400;
    if ((seed >> 8) % 2 === 0) {
      happened++;
      if (spells.happened(now)) lines++;
    } else {
      const count = spells.over(now);
      told += count;
      if (count > 0) lines++;
    }
  }
  assert.equal(told + spells.over(now + 20_000), happened);
  assert.ok(lines <= 2 * (now / 10_000 + 1), `${lines} lines in ${now} ms`);
});

test('waiting for a registry whose port says nothing is said within three seconds, and no more after that', { timeout: 30_000 }, async (t) => {
  const said = warnings(t);
  const registry = await muteServer(t);
  const began = performance.now();
  // One that may not be the registry itself meanwhile.
  const joining = connectBus({ registry, timeout: 5000, host: false });
  await Promise.all([
    eventually(() => said.length > 0, 'it is said').then(() => {
      assert.ok(performance.now() - began < 3000 || said.length === 1);
      assert.match(said[0], new RegExp(`no registry yet, trying again: ${registry} does not answer`));
    }),
    assert.rejects(joining, ({ code, message, cause }) => {
      assert.equal(code, 'TIMEOUT');
      assert.match(message, /^no registry has let this member in within 5000 ms: /);
      assert.match(/** @type {Error} */ (cause).message, new RegExp(`^${registry} does not answer, for 2 s now`));
      return true;
    }),
  ]);
  assert.equal(said.length, 1);
});

test('a timeout that is over before anything is known says what was waited for; one that is not is no matter', async (t) => {
  const registry = await muteServer(t);
  await assert.rejects(connectBus({ registry, timeout: 50 }), { code: 'TIMEOUT', message: `no registry has let this member in within 50 ms: ${registry} has not answered yet` });
  const bus = await connectBus({ registry: `127.0.0.1:${await freePort()}`, timeout: 10_000 });
  await bus.close();
  for (const timeout of [0, -1, 1.5, NaN, '5', 2 ** 31]) await assert.rejects(connectBus(/** @type {any} */ ({ registry, timeout })), /option timeout must be a whole number/);
});

test('who is refused is told why once, and not that there is no registry', async (t) => {
  const said = warnings(t);
  const registry = `127.0.0.1:${await freePort()}`;
  const bus = await connectBus({ registry });
  t.after(() => bus.close());
  await assert.rejects(connectBus({ registry, cluster: 'another' }), { code: 'REFUSED' });
  // The end of that session has come before another member comes and goes.
  await (await connectBus({ registry })).close();
  assert.deepEqual(said, []);
});

test('a registry whose host is stopped is named', { skip: process.platform === 'win32', timeout: 30_000 }, async (t) => {
  const said = warnings(t);
  const port = await freePort();
  const host = await Member.start(t, port, 'host');
  host.child.kill('SIGSTOP');
  const joining = connectBus({ registry: `127.0.0.1:${port}` });
  t.after(async () => (await joining).close());
  await eventually(() => said.some((text) => text.includes(`127.0.0.1:${port} does not answer`) && /stopped \(SIGSTOP/.test(text)), 'it is said');
  host.child.kill('SIGCONT');
  await joining;
});
