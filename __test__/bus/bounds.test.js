'use strict';

// Members and registries that say more than they may: each is told what was too much,
// and nobody else pays for it.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { connectBus, setLogger } = require('../..');
const { eventually } = require('../support/bus');
const { OPEN, hello, join, joined, link, record, servesRegistry, session, victim } = require('../support/bus/raw-member');

const LONG = 'ä'.repeat(128);
const MOST = 10_000;
const patience = { timeout: 60_000 };

const topic = (exchange, pattern) => ({ exchange, pattern });
const numbered = (count) => Array.from({ length: count }, (_, n) => `n${n}`);

/** What is too much in a record, and what is said of it. */
const TOO_MUCH = [
  ['an id that is too long', { ids: ['a', LONG] }, /an id of 256 bytes, the limit being 255/],
  ['a pattern that is too long', { subscriptions: [topic('x', LONG)] }, /an exchange or pattern of 256 bytes/],
  ['a pattern of 20,000 words', { subscriptions: [topic('x', Array(20_000).fill('#').join('.'))] }, /an exchange or pattern of 39999 bytes/],
  ['an exchange that is too long', { subscriptions: [topic(LONG, '#')] }, /an exchange or pattern of 256 bytes/],
  ['too many ids', { ids: numbered(MOST + 1) }, /10001 ids, the limit being 10000/],
  ['too many patterns', { subscriptions: numbered(MOST + 1).map((pattern) => topic('x', pattern)) }, /10001 patterns, the limit being 10000/],
  ['a record that weighs too much', { ids: numbered(9000).map((id) => id.padEnd(120, '.')) }, /a record of \d{7} bytes, the limit being 1048576/],
];

test('the registry refuses a member that says too much of itself, and says why', patience, async (t) => {
  const { port, isWell, friend } = await victim(t);
  for (const [what, own, text] of [...TOO_MUCH, ['a name that is too long', { member: LONG }, /a name of 256 bytes/]]) {
    const { got, ended } = session(t, port, [join({}, own)]);
    await ended;
    assert.match(got.find(({ refusal }) => refusal)?.refusal.text ?? 'nothing', text, `${what}, at once`);
  }
  for (const [what, own, text] of TOO_MUCH) {
    const guest = await joined(t, port, { ids: ['first'] });
    guest.stream.write({ announce: { request: 2, delta: { member: 'guest', ...own } } });
    await guest.ended;
    assert.match(guest.got.find(({ refusal }) => refusal)?.refusal.text ?? 'nothing', text, `${what}, later`);
  }
  // Little by little, too.
  const guest = await joined(t, port, { ids: numbered(MOST) });
  const announce = (request, delta) => guest.stream.write({ announce: { request, delta: { member: 'guest', ...delta } } });
  announce(2, { ids: ['n0', 'n1'] });
  announce(3, { ids: ['another'], goneIds: ['n5'] });
  await eventually(() => guest.got.some(({ done }) => done?.request === 3), 'one for another is in effect');
  announce(4, { ids: ['one more'] });
  await guest.ended;
  assert.match(guest.got.find(({ refusal }) => refusal).refusal.text, /10001 ids/);
  await eventually(async () => (await friend.status()).members.length === 1, 'who was refused is forgotten');
  await isWell();
});

test('the registry refuses a second member in one session, and a session without any', patience, async (t) => {
  const { port, isWell, friend } = await victim(t);
  const idle = session(t, port, []);
  const twice = await joined(t, port);
  twice.stream.write(join({}, { member: 'another' }));
  await twice.ended;
  assert.match(twice.got.find(({ refusal }) => refusal).refusal.text, /a second Join is not expected here/);
  await idle.ended;
  assert.match(idle.got[0].refusal.text, /no Join within 5 s/);
  await eventually(async () => (await friend.status()).members.length === 1, 'nobody is left behind');
  await isWell();
});

test('a peer that sends names that are too long loses its link', patience, async (t) => {
  const { port, address, member, isWell, warned, warnings } = await victim(t);
  await joined(t, port);
  const body = Buffer.from('[]');
  const frames = [
    { call: { number: 1, to: LONG, method: 'm', body } },
    { call: { number: 1, to: 'x', method: LONG, body } },
    { cast: { to: 'x', method: LONG, body } },
    { publish: { exchange: 'x', key: LONG, body } },
    { publish: { exchange: 'x', key: 'k', body, trace: 'x'.repeat(5000) } },
    { reply: { number: 1, kind: LONG, body } },
  ];
  for (const frame of frames) {
    warnings.length = 0;
    await link(t, { address, member }, [hello({ link: String(5 + 2 * frames.indexOf(frame)) }), frame]).ended;
    await warned(/does not keep to the bus protocol \(.* of (256|5000) bytes, the limit being/);
  }
  warnings.length = 0;
  await link(t, { address, member }, [hello({ member: 'x'.repeat(100_000) })]).ended;
  await warned(/somebody does not keep to the bus protocol \(a name of 100000 bytes/);
  assert.ok(warnings.every((text) => text.length < 500));
  await isWell();
});

test('a session that does not read what it is told is closed, and the log says so', patience, async (t) => {
  const { port, isWell, warned, warnings } = await victim(t);
  const deaf = await joined(t, port, { member: 'deaf' });
  deaf.stream.pause();
  const ids = numbered(1900).map((id) => id.padEnd(250, '.'));
  const loud = await joined(t, port, { member: 'loud' });
  for (let n = 0; n < 60 && warnings.length === 0; n++) {
    const delta = n % 2 === 0 ? { ids } : { goneIds: ids };
    loud.stream.write({ announce: { request: n + 2, delta: { member: 'loud', ...delta } } });
    await eventually(() => loud.got.some(({ done }) => done?.request === n + 2), 'it is in effect');
  }
  await warned(/the registry has closed the session of deaf: it does not read what it is told/);
  await isWell();
});

test('a peer that does not read what comes back loses its link, and the log says so', patience, async (t) => {
  const { port, address, member, isWell, warned } = await victim(t);
  await joined(t, port);
  const { stream } = link(t, { address, member }, [hello()]);
  stream.pause();
  const body = Buffer.alloc(60_000, 0x20);
  let ended = false;
  stream.on('status', () => (ended = true));
  for (let number = 1; number <= 2000 && !ended; number++) {
    const call = { frames: [{ call: { number, to: 'nobody', method: 'm', body } }] };
    if (!stream.write(call)) await new Promise((resolve) => setImmediate(resolve));
  }
  await warned(/the link of guest at .* was closed: it does not read the replies to its calls, 3\d MiB wait for it/);
  await isWell();
});

test('a member passes over what a registry tells of others that is too much', patience, async (t) => {
  const said = [];
  setLogger({ warn: (text) => said.push(text) });
  t.after(() => setLogger(null));
  const told = TOO_MUCH.slice(0, 4).map(([, own], n) => record({ member: `bad${n}`, ...own }));
  const registry = await servesRegistry(t, (stream, { record: own, request }) => {
    stream.write({ joined: { epoch: '7', leaseMs: 2000 } });
    const records = [...told, record({ member: 'good', ids: ['fine'] }), own];
    stream.write({ changes: { revision: '1', whole: true, records } });
    stream.write({ changes: { revision: '2', deltas: [{ member: 'good', ids: [LONG] }] } });
    stream.write({ done: { request } });
  });
  const bus = await connectBus({ registry, host: false, ...OPEN });
  t.after(() => bus.close({ graceMs: 0 }));
  const { members } = await bus.status();
  assert.deepEqual(members.map(({ member, ids }) => [member, ids]), [['good', ['fine']]]);
  for (const text of said) assert.ok(text.length < 500 && /the registry tells of a member (bad\d|good) with .*: that is passed over/.test(text), text);
  assert.equal(said.length, told.length + 1);
});

test('what this member may not say is refused where it is said', patience, async (t) => {
  const { bus, friend, isWell } = await victim(t);
  for (const name of [LONG, 'x'.repeat(256), '€'.repeat(86)]) {
    await assert.rejects(bus.serve(name, {}), /id must be a text of 1 to 255 bytes, not one of (256|258)/);
    assert.throws(() => bus.subscribe('x', name), /pattern must be a text of 1 to 255 bytes/);
    assert.throws(() => bus.publish('x', name, 1), /routing key must be a text of 1 to 255 bytes/);
  }
  for (const name of ['ä'.repeat(127), 'x'.repeat(255), '€'.repeat(85)]) {
    await bus.serve(name, { ping: () => name });
    assert.equal(await friend.call(name, 'ping'), name);
  }
  const patterns = numbered(MOST);
  const news = await bus.subscribe('news', patterns);
  assert.throws(() => bus.subscribe('news', 'one more'), { code: 'OVERLOADED', message: /may have 10000 patterns and have 10000/ });
  friend.publish('news', 'n9999', 1);
  assert.equal((await news.next()).value.routingKey, 'n9999');
  await news.return();
  await (await bus.subscribe('news', 'one more')).return();
  const services = await Promise.all(numbered(MOST - 4).map((id) => bus.serve(id, {})));
  await assert.rejects(bus.serve('one more', {}), { code: 'OVERLOADED', message: /this member serves 10000 ids, which is the limit/ });
  await services[0].stop();
  await bus.serve('one more', { ping: () => 'pong' });
  assert.equal(await friend.call('one more', 'ping'), 'pong');
  await isWell();
});

test('a pattern with # behind # is one with a single #', async (t) => {
  const { bus, friend } = await victim(t);
  const news = await bus.subscribe('news', ['#.#.a.#.#', `${'#.'.repeat(120)}b`]);
  for (const key of ['a', 'x.y.a.z', 'c', 'b', 'x.b']) friend.publish('news', key, 1);
  const keys = [];
  for await (const { routingKey } of news) if (keys.push(routingKey) === 4) break;
  assert.deepEqual(keys, ['a', 'x.y.a.z', 'b', 'x.b']);
  const both = await bus.subscribe('news', ['a.#', 'a.#.#']);
  assert.deepEqual((await bus.status()).subscriptions, [{ exchange: 'news', pattern: 'a.#' }]);
  await both.return();
  assert.deepEqual((await bus.status()).subscriptions, []);
});

