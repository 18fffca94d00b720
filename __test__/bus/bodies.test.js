'use strict';

// Small bodies go through the records between native side and JS, large ones
// beside them; some texts go beside the JSON. Nobody has to know.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { connectBus } = require('../..');
const { eventually, freePort } = require('../support/bus');
const { AbortController } = require('../support/grpc/signals');

/** Above it a body is not in its record. */
const LARGE = 16 * 1024;

/** Values whose bodies are around so many bytes. */
function values(size) {
  const ascii = 'v=0\r\n'.repeat(size / 5);
  const other = 'grüße 😀 \u2028 '.repeat(size / 20);
  const lone = `\ud800${'x'.repeat(size)}`;
  return [
    ascii,
    other,
    lone,
    { type: 'offer', sdp: ascii },
    { naïve: '\u00e9\n', sdp: ascii, also: [ascii, { sdp: ascii.slice(1) }] },
    { first: other, second: ascii },
    Array.from({ length: size / 4 }, (_, n) => n % 100),
    { ascii: `\x01[0]\n${ascii}` },
  ];
}

const all = [0, 500, LARGE - 200, LARGE - 1, LARGE, LARGE + 1, LARGE + 200, 3 * LARGE, 300_000, 1_500_000].flatMap(values);
const viaJson = (value) => JSON.parse(JSON.stringify(value));

test('what is called, cast, answered and published is what JSON makes of it, in its order, whatever size it has', async (t) => {
  const registry = `127.0.0.1:${await freePort()}`;
  const a = await connectBus({ registry });
  const b = await connectBus({ registry });
  t.after(() => Promise.all([a.close(), b.close()]));
  const cast = [];
  await a.serve('echo', { same: (value, number) => ({ value, number }), take: (value, number) => cast.push([value, number]) });
  const subscription = a.subscribe('bodies', ['#']);
  await subscription.ready;
  const messages = [];
  const heard = (async () => {
    for await (const { routingKey, data } of subscription) if (messages.push([routingKey, data]) === all.length) return;
  })();

  const calls = all.map((value, number) => {
    b.cast('echo', 'take', [value, number]);
    b.publish('bodies', `number.${number}`, value);
    return b.call('echo', 'same', [value, number]);
  });
  const replies = await Promise.all(calls);
  await eventually(() => cast.length === all.length, 'every cast has come');
  await heard;
  all.forEach((value, at) => {
    assert.deepEqual(replies[at], { value: viaJson(value), number: at });
    assert.deepEqual(cast[at], [viaJson(value), at]);
    assert.deepEqual(messages[at], [`number.${at}`, viaJson(value)]);
  });
});

test('a large body that nobody wants any more does not become the next one', async (t) => {
  const registry = `127.0.0.1:${await freePort()}`;
  const a = await connectBus({ registry });
  const b = await connectBus({ registry });
  const gone = await connectBus({ registry });
  t.after(() => Promise.all([a.close(), b.close()]));
  await a.serve('x', { large: (letter) => letter.repeat(2 * LARGE) });
  // Replies to calls that are given up, and messages to a bus that is closed, in the same process as b.
  await gone.subscribe('topic', ['#']).ready;
  const given = new AbortController();
  const lost = Promise.allSettled(['a', 'b', 'c'].map((letter) => b.call('x', 'large', [letter], { signal: given.signal })));
  a.publish('topic', 'key', 'd'.repeat(2 * LARGE));
  const kept = ['e', 'f'].map((letter) => b.call('x', 'large', [letter]));
  given.abort();
  await gone.close();
  for (const { status } of await lost) assert.equal(status, 'rejected');
  assert.deepEqual(await Promise.all(kept), ['e'.repeat(2 * LARGE), 'f'.repeat(2 * LARGE)]);
});
