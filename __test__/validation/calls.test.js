'use strict';

// What a call is given is looked at before anything is sent: what is no argument of
// a call is refused, with one outcome, and no handler hears of it.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const grpc = require('@grpc/grpc-js');
const { AbortController, Metadata, Server, createClient, setLogger } = require('../..');
const { startClient, startServer, stopServer } = require('../../lib/dropin/grpcTools');
const { pause, serve } = require('../support/grpc/calls');
const { callers, counting, type } = require('../support/grpc/four-kinds');

const LIMIT = { timeout: 20_000 };
const controller = new AbortController();
class Query {
  then() {}
}

/** Options that are none, and what their refusal says. */
const OPTIONS = {
  'timeOut': [{ timeOut: 1000 }, /call option timeOut is not known; .*did you mean timeout\?/],
  'timeoutMs': [{ timeoutMs: 1000 }, /did you mean timeout\?/],
  'deadLine': [{ deadLine: new Date() }, /did you mean deadline\?/],
  'waitforready, undefined': [{ waitforready: undefined }, /did you mean waitForReady\?/],
  'headers': [{ headers: {} }, /call option headers is not known; the options are deadline, timeout, signal, metadata, waitForReady$/],
  'metadata in their place': [{ authorization: 'Bearer x' }, /call option authorization is not known/],
  'an own __proto__': [JSON.parse('{"__proto__": 1}'), /call option __proto__ is not known/],
  'a controller as the signal': [{ signal: controller }, /call option signal must be an AbortSignal, .*: give its \.signal$/],
  'a text as the signal': [{ signal: 'SIGTERM' }, /call option signal must be an AbortSignal/],
  'a function as the signal': [{ signal() {} }, /signal must be an AbortSignal, .*, not a function$/],
  'half a signal': [{ signal: { aborted: false } }, /call option signal must be an AbortSignal/],
  'a signal that cannot be listened to': [{ signal: { aborted: false, addEventListener() { throw new Error('deaf'); }, removeEventListener() {} } }, /deaf/],
  'a text as waitForReady': [{ waitForReady: 'yes' }, /call option waitForReady must be true or false, not a text/],
  'a text as the deadline': [{ deadline: '5' }, /call option deadline is no number or valid Date/],
  'a list as the deadline': [{ deadline: [] }, /call option deadline is no number or valid Date/],
  'true as the timeout': [{ timeout: true }, /call option timeout is no number/],
  'a text as metadata': [{ metadata: 'authorization: x' }, /call option metadata: metadata must be an object, .*, not a text/],
  'a list of texts as metadata': [{ metadata: ['authorization'] }, /call option metadata: .*pairs of key and value, not a text/],
  'a promise as metadata': [{ metadata: Promise.resolve({}) }, /call option metadata: .*not an object of Promise/],
  'a key that is none': [{ metadata: { 'Bad Key': 'x' } }, /call option metadata: Metadata key "bad key" contains illegal characters/],
  'a Map': [new Map([['timeout', 1]]), /call options must be an object, not an object of Map/],
  'a list': [[], /call options must be an object, not an array/],
  'a promise': [Promise.resolve({ timeout: 1 }), /call options must be an object, not an object of Promise/],
  'a Date': [new Date(), /call options must be an object, not an object of Date/],
};

/** Arguments behind the request that have no place there. */
const ARGUMENTS = {
  'metadata behind the options': [[{ timeout: 1000 }, new Metadata()], /only a callback is expected behind the options of a call/],
  'options twice': [[{ timeout: 1000 }, { timeout: 1000 }], /only a callback is expected behind the options of a call/],
  'metadata twice': [[new Metadata(), { metadata: {} }], /metadata was given twice/],
  'a number': [[5], /call options must be an object, not 5/],
};

/** Requests that are none. */
const REQUESTS = {
  'a text': 'v1', 'a number': 5, 'true': true, 'a list': ['v1'], 'a promise': Promise.resolve({}), 'a thenable of a class': new Query(), 'a Map': new Map(),
  'a Set': new Set(), 'a Date': new Date(), 'a Buffer': Buffer.from('x'), 'a generator': (function* () {})(), 'a regular expression': /x/, 'a function': () => {}, 'a symbol': Symbol('x'),
  'an error, which has a message': new Error('x'),
};

/** Calls of every kind with these; each is refused and reaches nobody. */
async function refused(t, cases) {
  const { count, impl } = counting();
  const { client, server } = await serve(t, type, impl);
  for (const [name, { request, args, expected }] of Object.entries(cases)) {
    for (const [kind, { call }] of Object.entries(callers)) {
      await assert.rejects((async () => call(client, request, ...args))(), (error) => {
        assert.ok(error.code === 3 || error instanceof TypeError || error.code === 13, `${kind}, ${name}: ${error}`);
        assert.match(error.message, expected, `${kind}, ${name}`);
        return true;
      }, `${kind}, ${name}`);
    }
  }
  await pause(50);
  return { count, server };
}

test('options of a call that are none are refused and named, and nothing is sent', LIMIT, async (t) => {
  const cases = Object.entries(OPTIONS).map(([name, [options, expected]]) => [name, { request: {}, args: [options], expected }]);
  const { count, server } = await refused(t, Object.fromEntries(cases));
  assert.deepEqual([count.calls, server.stats().started], [0, 0]);
});

test('arguments of a call that have no place are refused, and nothing is sent', LIMIT, async (t) => {
  const cases = Object.entries(ARGUMENTS).map(([name, [args, expected]]) => [name, { request: {}, args, expected }]);
  const { count, server } = await refused(t, Object.fromEntries(cases));
  assert.deepEqual([count.calls, server.stats().started], [0, 0]);
});

test('a request that is no message is refused, and no handler is given one for it', LIMIT, async (t) => {
  const expected = /3 INVALID_ARGUMENT: .*\.owt\.SimpleReply: object expected, not |needs a request in front of its callback/;
  const cases = Object.entries(REQUESTS).map(([name, request]) => [name, { request, args: [], expected }]);
  // End() of a stream takes a function for its callback.
  const { count } = await refused(t, Object.fromEntries(cases.filter(([name]) => name !== 'a function')));
  assert.equal(count.messages, 0);
});

test('a callback in the place of the request throws, as with grpc-js', LIMIT, async (t) => {
  const { count, impl } = counting();
  const { client, port } = await serve(t, type, impl);
  const theirs = new (grpc.makeGenericClientConstructor({ unary: { path: '/test.FourKinds/Unary', requestSerialize: Buffer.from, responseDeserialize: String } }))(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  t.after(() => theirs.close());
  const never = () => assert.fail('called');
  assert.throws(() => theirs.unary(never));
  assert.throws(() => client.unary(never), /^TypeError: unary needs a request in front of its callback: \{\} for an empty one$/);
  assert.throws(() => client.unary(never, never), TypeError);
  assert.throws(() => client.serverStream(never), TypeError);
  assert.throws(() => client.serverStream({}, never), /^TypeError: serverStream takes no callback: what it returns is the stream of its replies$/);
  assert.throws(() => client.bidiStream(never), TypeError);
  assert.throws(() => client.clientStream({}), TypeError);
  await pause(20);
  assert.equal(count.calls, 0);
});

test('a promise written to a stream ends its call, and says to await it', LIMIT, async (t) => {
  const { count, impl } = counting();
  const { client } = await serve(t, type, impl);
  for (const start of [(callback) => client.clientStream({}, callback), (callback) => client.bidiStream().on('error', callback)]) {
    const error = await new Promise((resolve) => {
      const stream = start(resolve);
      stream.write(Promise.resolve({ message: 'x' }));
    });
    assert.equal(error.message, '3 INVALID_ARGUMENT: Request message serialization failure: .owt.SimpleReply: object expected, not an object of Promise (await it first)');
  }
  assert.equal(count.messages, 0);
});

test('what grpc-js knows as call options is taken, and what makes options and requests is free', LIMIT, async (t) => {
  const { count, impl } = counting();
  const { client } = await serve(t, type, impl);
  class Options {
    constructor() {
      this.timeout = 5000;
    }
  }
  const taken = [
    { host: 'x', parent: undefined, propagate_flags: 1, credentials: null, interceptors: [], interceptor_providers: [], deadline: Infinity },
    new Options(),
    Object.assign(Object.create(null), { timeout: 5000 }),
    Object.freeze({ deadline: new Date(Date.now() + 5000), signal: controller.signal, waitForReady: true, metadata: null }),
    { deadline: { valueOf: () => Date.now() + 5000 } },
  ];
  for (const options of taken) {
    for (const { call } of Object.values(callers)) await call(client, new Options(), options);
  }
  assert.equal(count.calls, taken.length * Object.keys(callers).length);
  // As before: nothing, or null, where an argument may be left out.
  for (const args of [[], [null], [undefined, undefined], [null, {}], [null, null], [{}, undefined]]) assert.deepEqual(await client.unary({}, ...args), {});
  for (const args of [[], [null], [{}], [null, null], [new Metadata()], [new grpc.Metadata(), {}], [undefined, {}], [{}, undefined]]) {
    await new Promise((resolve, reject) => client.unary({}, ...args, (error) => (error ? reject(error) : resolve())));
  }
});

test('metadata may be a Map, Headers or a list of pairs', LIMIT, async (t) => {
  const { client } = await serve(t, type, { unary: async ({ metadata }) => ({ message: metadata.get('authorization').join(' and ') }) });
  const forms = [
    { authorization: 'Bearer x' },
    new Map([['Authorization', 'Bearer x']]),
    [['authorization', 'Bearer x']],
    new URLSearchParams({ authorization: 'Bearer x' }),
    Metadata.from({ authorization: 'Bearer x' }),
  ];
  // eslint-disable-next-line n/no-unsupported-features/node-builtins -- used where it is there
  const { Headers: NodesHeaders } = /** @type {any} */ (globalThis);
  if (NodesHeaders !== undefined) forms.push(new NodesHeaders({ authorization: 'Bearer x' }));
  for (const metadata of forms) assert.equal((await client.unary({}, { metadata })).message, 'Bearer x');
  const { message } = await client.unary({}, { metadata: new Map([['authorization', ['Bearer x', 'Bearer y']]]) });
  assert.equal(message, 'Bearer x and Bearer y');
});

test('a signal is heard also by what fires it while the request is read', LIMIT, async (t) => {
  const { impl } = counting();
  const { client } = await serve(t, type, impl);
  for (const { method, call } of Object.values(callers).filter(({ method }) => !/client|bidi/.test(method))) {
    const own = new AbortController();
    const request = { get message() { own.abort(); return 'x'; } };
    await assert.rejects((async () => call(client, request, { signal: own.signal }))(), /1 CANCELLED/, method);
  }
});

test('the drop-in refuses the same', LIMIT, async (t) => {
  let published = 0;
  const port = await startServer('webrtc', { publish(_call, callback) { published++; callback(null, {}); } });
  const client = startClient('webrtc', `127.0.0.1:${port}`);
  t.after(async () => {
    client.close();
    await stopServer(port, { graceMs: 0 });
  });
  const outcome = (start) => new Promise((resolve) => {
    try {
      start((error) => resolve(error));
    } catch (error) {
      resolve(error);
    }
  });
  assert.match((await outcome((callback) => client.publish({}, { deadLine: new Date() }, callback))).message, /did you mean deadline\?/);
  assert.match((await outcome((callback) => client.publish('p1', callback))).message, /object expected, not a text/);
  assert.throws(() => client.publish(() => {}), TypeError);
  assert.equal(published, 0);
  assert.equal(await outcome((callback) => client.publish({}, { deadline: new Date(Date.now() + 5000) }, callback)), null);
});

test('a reply that is no message is INTERNAL to its caller and in the log of its server', LIMIT, async (t) => {
  const logged = [];
  setLogger({ warn: (text) => logged.push(text) });
  t.after(() => setLogger(null));
  for (const [name, reply] of Object.entries(REQUESTS).filter(([name]) => !/promise|thenable/.test(name))) {
    const impl = {
      async unary() { return reply; },
      async *serverStream() { yield reply; },
      clientStream(call, callback) { call.resume(); callback(null, reply); },
      bidiStream(call) { call.write(reply); },
    };
    const server = new Server().addService(type, impl);
    const client = createClient(type, `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
    for (const [kind, { call }] of Object.entries(callers)) {
      await assert.rejects((async () => call(client, {}))(), /^RpcError: 13 INTERNAL: Error serializing response: \.owt\.SimpleReply: object expected, not /, `${kind}, ${name}`);
      const [line, ...more] = logged.splice(0);
      assert.match(line, /^owt-grpc: \/test\.FourKinds\/\w+ failed: TypeError: \.owt\.SimpleReply: object expected, not /, `${kind}, ${name}`);
      assert.deepEqual(more, []);
    }
    client.close();
    await server.stop({ graceMs: 0 });
  }
});
