'use strict';

// What handlers of streams return: messages in any form that can be iterated are
// written; what is none is said, and answered where nothing else will answer.

const assert = require('node:assert').strict;
const { Readable } = require('node:stream');
const { test } = require('node:test');
const { setLogger } = require('../..');
const { loop, serve, until } = require('../support/grpc/calls');
const { type } = require('../support/grpc/four-kinds');

const LIMIT = { timeout: 20_000 };
const turn = () => new Promise((resolve) => setImmediate(resolve));
const a = { message: 'a' };
const b = { message: 'b' };

function heard(t) {
  const logged = [];
  setLogger({ warn: (text) => logged.push(text) });
  t.after(() => setLogger(null));
  return logged;
}

/** What a handler returns that is written, message by message. */
const MESSAGES = {
  *'a generator'() { yield a; yield b; },
  'a list': () => [a, b],
  'an empty list': () => [],
  'a Set': () => new Set([a, b]),
  'a list of promises': () => [turn().then(() => a), b],
  'a Readable': () => Readable.from([a, b]),
  async *'an async generator'() { yield a; yield b; },
  'a promise of a list': async () => [a, b],
  'a promise of a generator': async () => (function* () { yield a; yield b; })(),
  'a promise of an async generator': async () => (async function* () { yield a; yield b; })(),
  'an object with an iterator of its own': () => ({ [Symbol.iterator]: () => [a, b][Symbol.iterator]() }),
  'an iterable that is a promise, too': () => ({ then() { assert.fail('awaited'); }, async *[Symbol.asyncIterator]() { yield a; yield b; } }),
};

for (const [name, handler] of Object.entries(MESSAGES)) {
  test(`a handler of a stream may return ${name}`, LIMIT, async (t) => {
    const logged = heard(t);
    const { client } = await serve(t, type, { serverStream: (_call) => handler(), bidiStream: handler });
    for (const stream of [client.serverStream({}), client.bidiStream()]) {
      const { messages, error } = await loop(stream);
      assert.equal(error, null);
      assert.deepEqual(messages.map(({ message }) => message), name === 'an empty list' ? [] : ['a', 'b']);
    }
    assert.deepEqual(logged, []);
  });
}

test('an endless generator is written as fast as its client reads, and ended when that goes', LIMIT, async (t) => {
  let made = 0;
  let ended = false;
  const { client } = await serve(t, type, {
    *serverStream() {
      try {
        for (;;) yield { message: String(made++) };
      } finally {
        ended = true;
      }
    },
  });
  for await (const { message } of client.serverStream({})) if (message === '99') break;
  await until(() => ended);
  assert.ok(made < 200_000, `${made} messages were made for 100`);
});

/** What is no stream of messages, and what is said of it. */
const NONE = { 'a number': [5, '5'], 'true': [true, 'true'], 'null': [null, 'null'], 'a text': ['x', 'a text'], 'an object': [{ message: 'a' }, 'an object of Object'], 'a function': [() => {}, 'a function'] };

for (const [name, [value, said]] of Object.entries(NONE)) {
  test(`a handler that takes no call and returns ${name} is answered with INTERNAL, and logged once`, LIMIT, async (t) => {
    const logged = heard(t);
    for (const handler of [() => value, async () => value]) {
      const { client } = await serve(t, type, { serverStream: handler, bidiStream: handler });
      for (let n = 0; n < 2; n++) {
        for (const [kind, stream] of [['ServerStream', () => client.serverStream({})], ['BidiStream', () => client.bidiStream()]]) {
          const { error } = await loop(stream());
          assert.equal(error.message, `13 INTERNAL: The handler of /test.FourKinds/${kind} returned ${said}: it must return messages (a generator, a list or another iterable) or write to its call`);
        }
      }
      assert.equal(logged.splice(0).length, 2, 'once for each method');
    }
  });

  test(`a handler that returns ${name} and writes to its call later goes on, and is logged once`, LIMIT, async (t) => {
    const logged = heard(t);
    const later = (call) => {
      setImmediate(() => {
        call.write(a);
        call.end();
      });
      return value;
    };
    const ways = {
      'takes its call': (call) => later(call),
      'is async': async (call) => later(call),
      'has written': (...all) => { all[0].write(b); return later(all[0]); },
      'is async and has written': async (...all) => { all[0].write(b); await turn(); return later(all[0]); },
      'listens': (...all) => { all[0].on('cancelled', () => {}); return later(all[0]); },
      'has asked for its signal': (...all) => { assert.equal(all[0].signal.aborted, false); return later(all[0]); },
      'has sent metadata': (...all) => { all[0].sendMetadata({ a: 'b' }); return later(all[0]); },
    };
    for (const [way, serverStream] of Object.entries(ways)) {
      const { client } = await serve(t, type, { serverStream });
      for (let n = 0; n < 2; n++) {
        const { messages, error } = await loop(client.serverStream({}));
        assert.equal(error, null, way);
        assert.ok(messages.some(({ message }) => message === 'a'), way);
      }
      assert.equal(logged.splice(0).length, 1, way);
    }
  });
}

test('a handler that returns its call, as chained functions do, writes to it by itself', LIMIT, async (t) => {
  const logged = heard(t);
  const { client } = await serve(t, type, {
    serverStream: (call) => Readable.from([a, b]).pipe(call),
    bidiStream: (call) => call.on('data', (message) => call.write(message)).on('end', () => call.end()),
  });
  assert.equal((await loop(client.serverStream({}))).messages.length, 2);
  const stream = client.bidiStream();
  stream.write(a);
  stream.end(b);
  assert.deepEqual((await loop(stream)).messages.map(({ message }) => message), ['a', 'b'], 'once, not twice');
  assert.deepEqual(logged, []);
});
