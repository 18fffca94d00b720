'use strict';

// Texts that the bus has no room for: who gives one hears of it, and what others
// send in the same turn arrives.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { connectBus, setLogger } = require('../..');
const { called, cluster, freePort, participant, rpcClient, rpcServer } = require('../support/bus');

const TOO_LONG = 'ä'.repeat(40_000);

test('a reply of a kind that is too long is told to its caller, and others are answered', { timeout: 20_000 }, async (t) => {
  const { join } = await cluster(t);
  await rpcServer(await join(), 'agent', {
    odd: (reply) => reply(TOO_LONG, 'data'),
    fine: (n, reply) => reply('callback', n),
  });
  const client = await rpcClient(await join());
  const beside = (n) => called(client, 'agent', 'fine', [n], 10_000);
  const [first, odd, last] = await Promise.all([beside(1), called(client, 'agent', 'odd', [], 10_000), beside(2)]);
  assert.deepEqual([first[0], last[0]], [1, 2]);
  assert.match(odd.join(' '), /^error The reply cannot be sent: a text of 80000 bytes/);
});

test('a method, pattern or key that is too long fails alone', { timeout: 20_000 }, async (t) => {
  const warnings = [];
  setLogger({ warn: (text) => warnings.push(text) });
  t.after(() => setLogger(null));
  const { join } = await cluster(t);
  await rpcServer(await join(), 'agent', { fine: (n, reply) => reply('callback', n) });
  const member = await join();
  const client = await rpcClient(member);
  const topics = await participant(member, 'group');
  const beside = (n) => called(client, 'agent', 'fine', [n], 10_000);
  const ends = [beside(1), called(client, 'agent', TOO_LONG, [], 10_000)];
  client.remoteCast('agent', TOO_LONG, []);
  topics.publish(TOO_LONG, {});
  topics.subscribe([TOO_LONG], () => {}, () => assert.fail('nobody can know of it'));
  ends.push(beside(2));
  const [first, long, last] = await Promise.all(ends);
  assert.deepEqual([first[0], last[0]], [1, 2]);
  assert.match(long.join(' '), /^error .*cannot be sent: a text of 80000 bytes/);
  assert.equal(warnings.filter((text) => text.includes('a text of 80000 bytes')).length, 4);
});

test('what cannot be sent is not pending afterwards', { timeout: 20_000 }, async (t) => {
  const bus = await connectBus({ registry: `127.0.0.1:${await freePort()}` });
  t.after(() => bus.close());
  const { connection } = bus;
  const receiver = { many: false, onReply() {}, onFailed() {} };
  assert.throws(() => connection.call('id', TOO_LONG, [], 1000, receiver), RangeError);
  assert.throws(() => connection.subscribe('exchange', [TOO_LONG], () => {}), RangeError);
  assert.throws(() => connection.serve(TOO_LONG, () => {}, true), RangeError);
  assert.equal((await bus.status()).calls.inFlight, 0);
  assert.deepEqual([connection.subscriptions.size, connection.incoming.served.size, connection.awaited.waiting.size], [0, 0, 0]);
});
