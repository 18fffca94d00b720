'use strict';

// Links that nobody uses are closed, and nobody notices.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { promisify } = require('node:util');
const { connectBus } = require('../..');
const { eventually, freePort } = require('../support/bus');

const pause = promisify(setTimeout);

const IDLE = 200;

async function pair(t, linkIdleMs = IDLE) {
  const registry = `127.0.0.1:${await freePort()}`;
  const buses = await Promise.all([connectBus({ registry, linkIdleMs }), connectBus({ registry, linkIdleMs })]);
  t.after(() => Promise.all(buses.map((bus) => bus.close())));
  return buses;
}

const linkOf = async (bus) => (await bus.status()).members[0].link;
const linksMade = async (bus) => (await bus.status()).linksMade;

test('a link without traffic is closed on both sides, and is there again when it is needed', async (t) => {
  const [a, b] = await pair(t);
  await a.serve('a', { echo: (value) => value });
  await b.serve('b', { echo: (value) => value });
  for (let n = 1; n <= 3; n++) {
    // By turns, so that each has dialed.
    const [caller, id] = n % 2 ? [b, 'a'] : [a, 'b'];
    assert.equal(await caller.call(id, 'echo', [n]), n);
    assert.deepEqual([await linksMade(a), await linksMade(b)], [n, n]);
    for (const bus of [a, b]) await eventually(async () => (await linkOf(bus)) === 'idle', 'the link is closed');
  }
  for (const bus of [a, b]) {
    const { traffic } = await bus.status();
    assert.equal(traffic.reconnects, 0, 'a link that was closed in peace was not lost');
  }
});

test('a call under way keeps its link, from either side', async (t) => {
  const [a, b] = await pair(t);
  const slow = () => pause(5 * IDLE, 'slow');
  await a.serve('a', { slow });
  await b.serve('b', { slow, soon: () => 'soon' });
  // The dialer's own, then one of the side that was dialed.
  assert.equal(await b.call('a', 'slow'), 'slow');
  assert.equal(await a.call('b', 'slow'), 'slow');
  assert.deepEqual([await linksMade(a), await linksMade(b)], [1, 1]);
});

test('what is sent as a link is being closed arrives, once and in order, in both directions', async (t) => {
  const [a, b] = await pair(t, 100);
  const heard = { a: [], b: [] };
  await a.serve('a', { note: (n) => heard.a.push(n), echo: (value) => value });
  await b.serve('b', { note: (n) => heard.b.push(n), echo: (value) => value });
  const rounds = 24;
  const expected = [];
  for (let n = 0; n < rounds; n++) {
    // Around the moment at which the link is closed.
    await pause(96 + (n % 8));
    const body = n % 6 === 5 ? 'x'.repeat(200_000) : n;
    expected.push(body, n);
    a.cast('b', 'note', [body]);
    b.cast('a', 'note', [body]);
    const calls = [a.call('b', 'echo', [n]), b.call('a', 'echo', [n])];
    a.cast('b', 'note', [n]);
    b.cast('a', 'note', [n]);
    assert.deepEqual(await Promise.all(calls), [n, n]);
  }
  await eventually(() => heard.a.length >= expected.length && heard.b.length >= expected.length, 'all has arrived');
  assert.deepEqual(heard, { a: expected, b: expected });
  const made = await linksMade(a);
  t.diagnostic(`${made} links for ${rounds} rounds`);
  assert.ok(made > 1);
});
