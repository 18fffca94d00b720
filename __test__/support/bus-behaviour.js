'use strict';

// What OWT's modules rely on, as one body of tests for two back-ends: RabbitMQ
// and this package. Each test has an id, a group and clients of its own.

const assert = require('node:assert').strict;
const { randomBytes } = require('node:crypto');
const { performance } = require('node:perf_hooks');
const { test } = require('node:test');
const { called, connected, eventually, participant, rpcClient, rpcServer, subscribed } = require('./bus');

/** What must never be asked for twice. */
const unique = (name) => `${name}-${randomBytes(10).toString('hex')}@10.0.0.1`;

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

/** Section 1.8: what is sent, and as what it arrives. */
const JSON_RULES = [
  [{ a: undefined, b() {}, c: Symbol('c'), d: 1 }, { d: 1 }],
  [[undefined, () => {}, NaN, Infinity, -0], [null, null, null, null, 0]],
  [1e21, 1e21],
  [new Date(0), '1970-01-01T00:00:00.000Z'],
  [Buffer.from('ab'), { type: 'Buffer', data: [97, 98] }],
  [{ map: new Map([[1, 2]]), set: new Set([1]), error: new Error('e') }, { map: {}, set: {}, error: {} }],
  [{ toJSON: () => ({ plain: true }) }, { plain: true }],
  [2 ** 53 + 2, 2 ** 53 + 2],
  ['naïve 漢字 😀 \u0000 ""', 'naïve 漢字 😀 \u0000 ""'],
  ['', ''],
  [null, null],
];

/**
 * @param {string} backEnd its name
 * @param {() => any} makeClient
 * @param {any} options for connect
 */
function behaviour(backEnd, makeClient, options) {
  const promise = (name, body) =>
    test(`${backEnd}: ${name}`, async (t) => {
      const clients = [];
      t.after(() => Promise.all(clients.map((client) => client.disconnect())));
      const join = async () => {
        const client = makeClient();
        clients.push(client);
        return connected(client, await options);
      };
      await body(join, t);
    });

  promise('a call gets its reply, with data and err and nothing else', async (join) => {
    const id = unique('webrtc');
    await rpcServer(await join(), id, {
      add: (a, b, reply) => reply('callback', a + b),
      fail: (reply) => reply('callback', 'error', 'because'),
      nothing: (reply) => reply('callback'),
    });
    const client = await rpcClient(await join());
    assert.deepEqual(await called(client, id, 'add', [1, 2]), [3, undefined]);
    assert.deepEqual(await called(client, id, 'fail', []), ['error', 'because']);
    assert.deepEqual(await called(client, id, 'nothing'), [undefined, undefined]);
    assert.deepEqual(await called(client, id, 'missing', []), ['error', 'Not support method']);
  });

  promise('what every object has cannot be called from afar', async (join) => {
    const id = unique('webrtc');
    class Methods {
      ping(reply) {
        reply('callback', 'pong');
      }
    }
    await rpcServer(await join(), id, new Methods());
    const client = await rpcClient(await join());
    for (const name of ['toString', 'constructor', '__defineGetter__', 'hasOwnProperty']) {
      assert.deepEqual(await called(client, id, name, []), ['error', 'Not support method'], name);
    }
    assert.deepEqual(await called(client, id, 'ping', []), ['pong', undefined]);
  });

  promise('arguments keep their places and follow the rules of JSON', async (join) => {
    const id = unique('webrtc');
    await rpcServer(await join(), id, { echo: (...args) => args.slice(-1)[0]('callback', args.slice(0, -1)) });
    const client = await rpcClient(await join());
    const sent = JSON_RULES.map(([value]) => value);
    const expected = JSON_RULES.map(([, value]) => value);
    assert.deepEqual(await called(client, id, 'echo', sent), [expected, undefined]);
    assert.deepEqual(await called(client, id, 'echo', [undefined, 1, undefined]), [[null, 1, null], undefined]);
  });

  promise('each side owns what it got', async (join) => {
    const id = unique('webrtc');
    const kept = { list: [1] };
    await rpcServer(await join(), id, {
      get: (given, reply) => {
        given.list.push(2);
        reply('callback', kept);
      },
    });
    const client = await rpcClient(await join());
    const mine = { list: [1] };
    const [got] = await called(client, id, 'get', [mine]);
    got.list.push(3);
    assert.deepEqual([mine, kept], [{ list: [1] }, { list: [1] }]);
  });

  promise('a timeout is told to every function, with one argument', async (join) => {
    const id = unique('audio');
    await rpcServer(await join(), id, { deinit() {} });
    const client = await rpcClient(await join());
    const start = performance.now();
    const got = await new Promise((resolve) => {
      const all = [];
      const note = (...args) => all.push(args) === 2 && resolve(all);
      client.remoteCall(id, 'deinit', [], { callback: note, onStatus: note }, 300);
    });
    assert.deepEqual(got, [['timeout'], ['timeout']]);
    assert.ok(performance.now() - start >= 299);
    assert.deepEqual(await called(client, unique('nobody'), 'x', [], 300), ['timeout']);
  });

  promise('the timeout is two seconds if none is given, and callbacks may be missing', async (join) => {
    const client = await rpcClient(await join());
    client.remoteCall(unique('nobody'), 'x', []);
    const start = performance.now();
    assert.deepEqual(await called(client, unique('nobody'), 'x', []), ['timeout']);
    const took = performance.now() - start;
    assert.ok(took >= 1990 && took < 3000, `${took} ms`);
  });

  promise('the first reply counts, and one that comes late harms nobody', async (join) => {
    const id = unique('conference');
    await rpcServer(await join(), id, {
      join: (reply) => {
        reply('callback', 'error', 'Room is full');
        reply('callback', 'error', 'Joining room failed');
      },
      late: (reply) => setTimeout(reply, 300, 'callback', 'late'),
      ping: (reply) => reply('callback', 'pong'),
    });
    const client = await rpcClient(await join());
    const replies = [];
    client.remoteCall(id, 'join', [], { callback: (...got) => replies.push(got) });
    client.remoteCall(id, 'late', [], { callback: (...got) => replies.push(got) }, 100);
    await eventually(() => replies.length === 2, 'both ended');
    await new Promise((resolve) => setTimeout(resolve, 350));
    assert.deepEqual(await called(client, id, 'ping', []), ['pong', undefined]);
    assert.deepEqual(replies, [['error', 'Room is full'], ['timeout']]);
  });

  promise('replies of other types come as often as they like', async (join) => {
    const id = unique('recording');
    await rpcServer(await join(), id, {
      start: (reply) => {
        reply('onStatus', 'one');
        reply('nobody listens', 'x');
        reply('onStatus', 'two');
        reply('callback', 'done');
      },
    });
    const client = await rpcClient(await join());
    const got = await new Promise((resolve) => {
      const all = [];
      const note = (name) => (data) => {
        all.push([name, data]);
        if (name === 'callback') resolve(all);
      };
      client.remoteCall(id, 'start', [], { callback: note('callback'), onStatus: note('onStatus') });
    });
    assert.deepEqual(got, [['onStatus', 'one'], ['onStatus', 'two'], ['callback', 'done']]);
  });

  promise('methods are looked up anew for each request, with their object as this', async (join) => {
    const id = unique('video');
    const methods = {
      engine: null,
      init(reply) {
        Object.setPrototypeOf(methods, { generate(done) { done('callback', this.engine); } });
        this.engine = 'mixer';
        reply('callback', 'ok');
      },
    };
    await rpcServer(await join(), id, methods);
    const client = await rpcClient(await join());
    assert.deepEqual(await called(client, id, 'generate', []), ['error', 'Not support method']);
    assert.deepEqual(await called(client, id, 'init', []), ['ok', undefined]);
    assert.deepEqual(await called(client, id, 'generate', []), ['mixer', undefined]);
  });

  promise('a handler that throws fails its call and nothing else', async (join) => {
    const id = unique('cluster');
    await rpcServer(await join(), id, {
      getTasks() {
        throw new TypeError('this.scheduler.getTasks is not a function');
      },
      ping: (reply) => reply('callback', 'pong'),
    });
    const client = await rpcClient(await join());
    client.remoteCast(id, 'getTasks', []);
    assert.deepEqual(await called(client, id, 'getTasks', []), ['error', 'this.scheduler.getTasks is not a function']);
    assert.deepEqual(await called(client, id, 'ping', []), ['pong', undefined]);
  });

  promise('two servers of one id take turns, and one leaving takes nothing from the other', async (join) => {
    const id = unique('stream-service');
    const servers = [await join(), await join()];
    for (const [n, server] of servers.entries()) await rpcServer(server, id, { who: (reply) => reply('callback', n) });
    const client = await rpcClient(await join());
    const asked = async () => (await Promise.all(Array.from({ length: 10 }, () => called(client, id, 'who', [])))).map(([n]) => n);
    const both = await asked();
    assert.equal(both.filter((n) => n === 0).length, 5);
    assert.equal(await servers[0].removeRpcServer(), 'ok');
    assert.equal(await servers[0].removeRpcServer(), 'ok');
    assert.deepEqual(await asked(), Array(10).fill(1));
    await rpcServer(servers[0], id, { who: (reply) => reply('callback', 0) });
    assert.equal((await asked()).filter((n) => n === 0).length, 5);
  });

  promise('an id that moves to another process is found there', async (join) => {
    const id = unique('owt-cluster');
    const [first, second] = [await join(), await join()];
    await rpcServer(first, id, { who: (reply) => reply('callback', 'first') });
    const client = await rpcClient(await join());
    assert.deepEqual(await called(client, id, 'who', []), ['first', undefined]);
    await first.removeRpcServer();
    await rpcServer(second, id, { who: (reply) => reply('callback', 'second') });
    assert.deepEqual(await called(client, id, 'who', []), ['second', undefined]);
  });

  promise('calls and casts to one destination arrive in the order they were made', async (join) => {
    const id = unique('portal');
    const seen = [];
    await rpcServer(await join(), id, {
      notify: (n, _, reply) => {
        seen.push(n);
        reply?.('callback', 'ok');
      },
    });
    const client = await rpcClient(await join());
    let last;
    for (let n = 0; n < 300; n++) {
      const padding = n % 50 === 0 ? 'x'.repeat(200_000) : '';
      if (n % 3 === 0) last = called(client, id, 'notify', [n, padding]);
      else client.remoteCast(id, 'notify', [n, padding]);
    }
    client.remoteCast(id, 'notify', [300, '']);
    await last;
    await eventually(() => seen.length === 301, 'all arrived');
    assert.deepEqual(seen, Array.from({ length: 301 }, (_, n) => n));
  });

  promise('a cast to nobody is dropped silently', async (join) => {
    const id = unique('agent');
    const bus = await join();
    const seen = [];
    const client = await rpcClient(bus);
    client.remoteCast(id, 'quit', [1]);
    client.remoteCast(undefined, 'quit', [1]);
    await rpcServer(await join(), id, { quit: (n) => seen.push(n) });
    client.remoteCast(id, 'quit', [2]);
    await eventually(() => seen.length > 0, 'the second arrived');
    assert.deepEqual(seen, [2]);
  });

  promise('a client is a server of its own calls, too', async (join) => {
    const id = unique('self');
    const bus = await join();
    await rpcServer(bus, id, { ping: (reply) => reply('callback', 'pong') });
    assert.deepEqual(await called(await rpcClient(bus), id, 'ping', []), ['pong', undefined]);
  });

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

  promise('messages of one publisher arrive in order', async (join) => {
    const group = unique('raft');
    const channel = await participant(await join(), group);
    const publisher = await participant(await join(), group);
    const seen = [];
    await subscribed(channel, ['clusterManager.#'], ({ commitId }) => seen.push(commitId));
    for (let commitId = 0; commitId < 500; commitId++) {
      publisher.publish(['clusterManager.follower', 'clusterManager.leader'][commitId % 2], { commitId, load: 'x'.repeat(commitId) });
    }
    await eventually(() => seen.length === 500, 'all arrived');
    assert.deepEqual(seen, Array.from({ length: 500 }, (_, n) => n));
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

  promise('large bodies arrive whole', async (join) => {
    const id = unique('large');
    await rpcServer(await join(), id, { echo: (text, reply) => reply('callback', text) });
    const client = await rpcClient(await join());
    for (const size of [65_535, 65_536, 100_000, 1_000_000, 5_000_000]) {
      const text = 'ä€x'.repeat(size / 3);
      const [got] = await called(client, id, 'echo', [text], 10_000);
      assert.ok(got === text, `${size} characters`);
    }
  });
}

module.exports = { behaviour };
