'use strict';

// Groups and what is published in them; monitors.

const assert = require('node:assert').strict;
const { eventually, participant, subscribed } = require('..');
const { unique } = require('./unique');

/** Key, pattern, whether it matches: section 1.5 of OWT's contract, and AMQP's own rules. */
const PATTERNS = [
  ['x.y', ['x.y'], ['x', 'x.y.z', 'y.x']],
  ['p.*', ['p.1'], ['p', 'p.1.2']],
  ['*.q', ['w.q'], ['q', 'a.w.q']],
  ['a.*.b', ['a.z.b'], ['a.b', 'a.y.z.b']],
  ['*', ['solo'], ['so.lo']],
  ['h.#', ['h', 'h.1', 'h.1.2'], ['hX', 'g.h']],
  ['u.#.v', ['u.v', 'u.1.v', 'u.1.2.v'], ['u', 'v', 'u.1']],
  ['#', ['all', 'all.of.it'], []],
  ['#.e.#', ['e', 'a.e', 'e.b', 'a.b.e.c'], ['f', 'a.b']],
  ['a+b.(c)', ['a+b.(c)'], ['aab.c']],
];

/** @type {import('./index').Promises} */
module.exports = (promise) => {
  promise('patterns match as the broker says', async (join) => {
    const group = unique('patterns');
    const channel = await participant(await join(), group);
    const publisher = await participant(await join(), group);
    const seen = new Map(PATTERNS.map(([pattern]) => [pattern, []]));
    for (const [pattern] of PATTERNS) await subscribed(channel, [pattern], (_, key) => seen.get(pattern).push(key));
    let ended = false;
    await subscribed(channel, ['the.end.of.it'], () => (ended = true));
    const keys = PATTERNS.flatMap(([, yes, no]) => [...yes, ...no]);
    for (const key of keys) publisher.publish(key, {});
    publisher.publish('the.end.of.it', {});
    // With the broker each subscription has a queue of its own: one may be ahead of another.
    const all = () => ended && seen.get('#').length === keys.length + 1;
    await eventually(() => all() && PATTERNS.every(([pattern, yes]) => yes.every((key) => seen.get(pattern).includes(key))), 'the last message of each');
    for (const [pattern, yes, no] of PATTERNS) {
      for (const key of yes) assert.ok(seen.get(pattern).includes(key), `${pattern} matches ${key}`);
      for (const key of no) assert.ok(!seen.get(pattern).includes(key), `${pattern} does not match ${key}`);
    }
  });

  promise('a subscription is called once per message, and every one that matches is called', async (join) => {
    const group = unique('once');
    const channel = await participant(await join(), group);
    const first = [];
    const second = [];
    await subscribed(channel, ['a.*', 'a.b', '#'], (message, key) => first.push([message, key]));
    await subscribed(channel, ['a.b'], (message) => second.push(message));
    channel.publish('a.b', { n: 1 });
    channel.publish('c', { n: 2 });
    await eventually(() => first.length === 2 && second.length === 1, 'all arrived');
    assert.deepEqual(first, [[{ n: 1 }, 'a.b'], [{ n: 2 }, 'c']]);
    assert.deepEqual(second, [{ n: 1 }]);
  });

  promise('a publisher hears itself, and onOk comes when others are heard', async (join) => {
    const group = unique('owt-cluster.management');
    const [a, b] = [await participant(await join(), group), await participant(await join(), group)];
    const heard = [];
    await subscribed(a, ['clusterManager.candidate'], () => {
      b.publish('clusterManager.candidate.1', 'vote');
    });
    // The vote comes back by a key that was made known only now.
    await subscribed(b, ['clusterManager.candidate'], (message) => heard.push(['self', message]));
    await subscribed(b, ['clusterManager.candidate.1'], (message) => heard.push(['vote', message]));
    b.publish('clusterManager.candidate', 'request');
    await eventually(() => heard.length === 2, 'both');
    assert.deepEqual(heard.map(([what]) => what).sort(), ['self', 'vote']);
  });

  promise('what is published while nobody listens is lost, and so is what follows unsubscribe', async (join) => {
    const group = unique('late');
    const channel = await participant(await join(), group);
    const seen = [];
    channel.publish('k', 1);
    await subscribed(channel, ['k', 'l'], (message) => seen.push(message));
    channel.publish('k', 2);
    await eventually(() => seen.length === 1, 'the first');
    await channel.unsubscribe(['k']);
    channel.publish('k', 3);
    channel.publish('l', 4);
    await eventually(() => seen.length === 2, 'the second');
    assert.deepEqual(seen, [2, 4]);
  });

  promise('groups do not hear each other', async (join) => {
    const bus = await join();
    const [one, other] = [await participant(bus, unique('one')), await participant(bus, unique('other'))];
    const seen = [];
    await subscribed(one, ['#'], (message) => seen.push(message));
    other.publish('k', 'other');
    one.publish('k', 'one');
    await eventually(() => seen.length === 1, 'its own');
    assert.deepEqual(seen, ['one']);
  });

  promise('a monitor hears what targets notify', async (join) => {
    const seen = [];
    const mark = unique('webrtc');
    const monitor = await join();
    await new Promise((resolve, reject) => monitor.asMonitor((event) => event.message.id === mark && seen.push(event), resolve, reject));
    const target = await new Promise((resolve, reject) => join().then((bus) => bus.asMonitoringTarget(resolve, reject)));
    target.notify('abnormal', { purpose: 'webrtc', id: mark, type: 'node' });
    await eventually(() => seen.length === 1, 'the event');
    assert.deepEqual(seen, [{ reason: 'abnormal', message: { purpose: 'webrtc', id: mark, type: 'node' } }]);
  });
};
