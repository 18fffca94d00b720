'use strict';

// `owt-grpc tap`: copies of what passes, and what they cost those who talk.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { connectBus, startRegistry } = require('../..');
const { eventually } = require('../support/bus');
const { Selection } = require('../../lib/cli/tap/selection');
const { Running, owtGrpc } = require('../support/cli');

const limit = { timeout: 120_000 };

/** A caller and a member that is called, and where. */
async function talking(t) {
  const registry = await startRegistry({ listen: '127.0.0.1:0' });
  const at = `127.0.0.1:${registry.port}`;
  const [caller, called] = await Promise.all([connectBus({ registry: at }), connectBus({ registry: at })]);
  t.after(async () => {
    await Promise.all([caller.close(), called.close()]);
    await registry.stop();
  });
  await called.serve('room.1', {
    join: (name) => `welcome ${name}`,
    leave() {
      throw new Error('not in');
    },
  });
  await called.subscribe('news', 'a.#').ready;
  return { at, caller, called };
}

/** How many taps the called member knows of: it copies what it gets for each. */
async function tapsKnownTo({ called }) {
  const { members } = await called.status();
  return members.filter(({ subscriptions }) => subscriptions.some(({ exchange }) => exchange === 'owt-grpc.tap')).length;
}

/** The tap as a process that is known to look. */
async function tapOf(t, talk, ...args) {
  const before = await tapsKnownTo(talk);
  const tap = new Running(t, ['tap', '--json', '--registry', talk.at, ...args]);
  await eventually(async () => (await tapsKnownTo(talk)) > before, 'the tap is known');
  return tap;
}

test('calls, replies, casts and messages are shown decoded, once each, and the tap ends at its limit', limit, async (t) => {
  const talk = await talking(t);
  const { caller, called } = talk;
  const tap = await tapOf(t, talk, '--limit', '6');
  await caller.call('room.1', 'join', ['Ann']);
  caller.cast('room.1', 'join', ['Bob']);
  caller.publish('news', 'a.b', { x: 1 });
  await assert.rejects(caller.call('room.1', 'leave'), { code: 'HANDLER' });
  const seen = [];
  for (let n = 0; n < 6; n++) seen.push(JSON.parse(await tap.line()));
  assert.equal((await tap.closed)[0], 0);
  const [from, to] = [caller.connection.member, called.connection.member];
  const without = seen.map(({ kind, member, peer, id, method, exchange, routingKey, args, failed, data, err }) =>
    JSON.parse(JSON.stringify({ kind, member, peer, id, method, exchange, routingKey, args, failed, data, err })));
  assert.deepEqual(without, [
    { kind: 'call', member: to, peer: from, id: 'room.1', method: 'join', args: ['Ann'] },
    { kind: 'reply', member: to, peer: from, id: 'room.1', method: 'join', failed: false, data: 'welcome Ann' },
    { kind: 'cast', member: to, id: 'room.1', method: 'join', args: ['Bob'] },
    { kind: 'message', member: to, exchange: 'news', routingKey: 'a.b', data: { x: 1 } },
    { kind: 'call', member: to, peer: from, id: 'room.1', method: 'leave', args: [] },
    { kind: 'reply', member: to, peer: from, id: 'room.1', method: 'leave', failed: true, data: 'error', err: 'not in' },
  ]);
  assert.equal(seen[0].call, seen[1].call);
  assert.equal(typeof seen[1].ms, 'number');
});

test('a pattern is for the id, or for the whole key; --id and --method choose among what it matches', limit, async (t) => {
  const talk = await talking(t);
  const { caller, called } = talk;
  await called.serve('other', { join: () => null });
  const taps = {};
  for (const [name, ...args] of [
    ['by id', 'room.1'],
    ['by start of the id', 'room.#'],
    ['by key', 'call.#.join'],
    ['by id and method', '--id', 'room.1', '--method', 'join'],
  ]) taps[name] = await tapOf(t, talk, ...args);
  await caller.call('other', 'join');
  await caller.call('room.1', 'join', ['Ann']);
  const first = {};
  for (const [name, tap] of Object.entries(taps)) {
    const { kind, id } = JSON.parse(await tap.line());
    first[name] = `${kind} ${id}`;
  }
  assert.deepEqual(first, { 'by id': 'call room.1', 'by start of the id': 'call room.1', 'by key': 'call other', 'by id and method': 'call room.1' });
});

test('a word is the whole of an id or of a method, and never a longer id nor an exchange; topics are asked for', limit, async (t) => {
  const talk = await talking(t);
  const { caller, called } = talk;
  // As OWT's: the heartbeats of owt-cluster are an exchange of their own.
  for (const id of ['room', 'room.1.x', 'join']) await called.serve(id, { join: () => null, ping: () => null });
  for (const exchange of ['room', 'room.management']) await called.subscribe(exchange, '#').ready;
  const taps = {};
  for (const [name, ...args] of [['id', 'room'], ['method', 'join'], ['key', 'call.room'], ['topic', '--topic', 'room'], ['topics', '--topic', 'room.a.*'], ['both', 'leave', '--topic', 'news']]) {
    taps[name] = await tapOf(t, talk, ...args);
  }
  caller.publish('room.management', 'a.b', 0);
  caller.publish('room', 'a.b', 1);
  caller.publish('room', 'join', 2);
  await caller.call('room.1.x', 'ping');
  await caller.call('room', 'ping');
  await caller.call('join', 'join');
  await assert.rejects(caller.call('room.1', 'leave'));
  caller.publish('news', 'a.b', 3);
  const seen = async (name, count) => {
    const all = [];
    for (let n = 0; n < count; n++) {
      const { kind, id, method, exchange, routingKey } = JSON.parse(await taps[name].line());
      all.push(`${kind} ${id ?? exchange}.${method ?? routingKey}`);
    }
    return all;
  };
  assert.deepEqual(await seen('id', 2), ['call room.ping', 'reply room.ping']);
  assert.deepEqual(await seen('key', 1), ['call room.ping']);
  assert.deepEqual(await seen('topic', 2), ['message room.a.b', 'message room.join']);
  assert.deepEqual(await seen('topics', 1), ['message room.a.b']);
  assert.deepEqual(await seen('both', 3), ['call room.1.leave', 'reply room.1.leave', 'message news.a.b']);
  // Once, though it is both id and method.
  await caller.call('room.1', 'join', ['Ann']);
  assert.deepEqual(await seen('method', 4), ['call join.join', 'reply join.join', 'call room.1.join', 'reply room.1.join']);
});

test('--errors and --slower show a call and its reply where the reply says that it failed, or came late', limit, async (t) => {
  const talk = await talking(t);
  const { caller, called } = talk;
  await called.serve('slow', { wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms, ms)), refuse: () => 'error' });
  const [errors, slower] = [await tapOf(t, talk, '--errors', '--limit', '2'), await tapOf(t, talk, '--slower', '100', '--limit', '1')];
  await caller.call('room.1', 'join', ['Ann']);
  caller.cast('room.1', 'join', ['Bob']);
  caller.publish('news', 'a.b', 1);
  await assert.rejects(caller.call('room.1', 'leave', ['Ann']), { code: 'HANDLER' });
  await Promise.all([caller.call('slow', 'wait', [150]), caller.call('slow', 'wait', [0])]);
  await caller.call('slow', 'refuse');
  const lines = async (tap, count) => {
    const all = [];
    for (let n = 0; n < count; n++) all.push(JSON.parse(await tap.line()));
    assert.equal((await tap.closed)[0], 0);
    return all;
  };
  const failed = await lines(errors, 4);
  assert.deepEqual(failed.map(({ kind, method, args, err }) => [kind, method, args, err]), [
    ['call', 'leave', ['Ann'], undefined], ['reply', 'leave', undefined, 'not in'], ['call', 'refuse', [], undefined], ['reply', 'refuse', undefined, undefined],
  ]);
  const late = await lines(slower, 2);
  assert.deepEqual(late.map(({ kind, args, data }) => [kind, args ?? data]), [['call', [150]], ['reply', 150]]);
  assert.ok(late[1].ms >= 100);
});

test('which copies are asked for by a word, a pattern, a key and a topic', () => {
  for (const [wanted, patterns] of [
    [{}, ['#']],
    [{ pattern: 'room' }, ['call.room.#', 'call.#.room', 'cast.room.#', 'cast.#.room', 'reply.room.#', 'reply.#.room']],
    [{ pattern: 'room.#' }, ['call.room.#.#', 'cast.room.#.#', 'reply.room.#.#']],
    [{ pattern: 'call.room' }, ['call.room', 'call.room.#']],
    [{ pattern: 'call.#.join' }, ['call.#.join']],
    [{ pattern: '*.room.#' }, ['*.room.#']],
    [{ topic: 'news.a' }, ['message.news.a', 'message.news.a.#']],
    [{ topic: 'news.*' }, ['message.news.*']],
    [{ pattern: 'reply.#', topic: 'news' }, ['reply.#', 'message.news', 'message.news.#']],
  ]) assert.deepEqual(new Selection(wanted).patterns, patterns, JSON.stringify(wanted));
});

test('calls that never get a reply are forgotten, and their copies hold no memory', () => {
  const selection = new Selection({ errors: true });
  for (let call = 0; call < 30_000; call++) assert.deepEqual(selection.take({ kind: 'call', member: 'a', peer: 'b', call }), []);
  assert.ok(selection.calls.size <= 10_000);
  const reply = { kind: 'reply', member: 'a', peer: 'b', call: 0, failed: true };
  assert.deepEqual(selection.take(reply), [reply], 'its call is forgotten');
  assert.equal(selection.take({ ...reply, call: 29_999 }).length, 2);
});

test('a tap that does not read holds up nobody, and what it misses is counted', { ...limit, skip: process.platform === 'win32' && 'stops a process' }, async (t) => {
  const talk = await talking(t);
  const { caller, called } = talk;
  const tap = await tapOf(t, talk);
  tap.child.kill('SIGSTOP');
  const body = 'x'.repeat(10_000);
  for (let n = 0; n < 40 && (await called.status()).traffic.tapDropped === 0; n++) {
    await Promise.all(Array.from({ length: 100 }, () => caller.call('room.1', 'join', [body])));
  }
  const { traffic, dropped } = await called.status();
  assert.ok(traffic.tapDropped > 0);
  assert.equal(traffic.untapped, traffic.tapDropped, 'its first name');
  assert.equal(dropped, 0);
});

test('without --json it is one line each, for people', limit, async (t) => {
  const talk = await talking(t);
  const tapping = owtGrpc(t, ['tap', '--limit', '2', '--registry', talk.at]);
  // It ends with what it hears first: nothing is said before it is there.
  await eventually(async () => (await tapsKnownTo(talk)) > 0, 'the tap is known');
  for (let n = 0; n < 2; n++) await talk.caller.call('room.1', 'join', ['Ann\u001b[2J']);
  const { code, stdout } = await tapping;
  assert.equal(code, 0);
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, 2);
  assert.match(stdout, /^\d\d:\d\d:\d\d\.\d{3} (call|reply) +#\d+ room\.1\.join /);
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(stdout, /\x1b/);
});
