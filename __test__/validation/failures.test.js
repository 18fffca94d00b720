'use strict';

// The ways out of a handler that has failed: what its client is told, with and
// without `hideThrown`, and what the log says.

const assert = require('node:assert').strict;
const { Readable, pipeline } = require('node:stream');
const { test } = require('node:test');
const { RpcError, Server, createClient, setLogger, status } = require('../..');
const { OwtServer } = require('../../lib/dropin/owt-server');
const { callers, type } = require('../support/grpc/four-kinds');

const LIMIT = { timeout: 30_000 };
const SECRET = 'connect ECONNREFUSED mongodb://owt:secret@10.0.0.7';
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The ways: what is thrown is an exception, what is given is an answer. `kinds` are those of its handlers. */
const UNARY = ['unary', 'clientStream'];
const STREAM = ['serverStream', 'bidiStream'];
const ALL = [...UNARY, ...STREAM];
const WAYS = {
  'throws at once': { isThrown: true, isAtOnce: true, kinds: ALL, fail: (error) => () => { throw error; } },
  'is async and throws': { isThrown: true, kinds: ALL, fail: (error) => async () => { throw error; } },
  'throws later': { isThrown: true, kinds: ALL, fail: (error) => async () => { await turn(); throw error; } },
  'returns a promise that rejects': { isThrown: true, kinds: ALL, fail: (error) => (_call) => turn().then(() => Promise.reject(error)) },
  'takes a callback and rejects': { isThrown: true, kinds: UNARY, fail: (error) => (_call, _callback) => Promise.reject(error) },
  'is a generator that throws first': { isThrown: true, kinds: STREAM, fail: (error) => async function* () { if (error !== null) throw error; yield {}; } },
  'is a generator that throws later': { isThrown: true, kinds: STREAM, fail: (error) => async function* () { yield {}; throw error; } },
  'is a sync generator that throws': { isThrown: true, kinds: STREAM, fail: (error) => function* () { yield {}; throw error; } },
  'promises a generator that throws': { isThrown: true, kinds: STREAM, fail: (error) => async () => (async function* () { yield {}; throw error; })() },
  'returns a list of a promise that rejects': { isThrown: true, kinds: STREAM, fail: (error) => () => [turn().then(() => Promise.reject(error))] },
  'destroys its call': { isThrown: true, kinds: ['clientStream', ...STREAM], fail: (error) => (call, _callback) => void call.destroy(error), onlyErrors: true },
  'pipes what fails': {
    isThrown: true, kinds: STREAM, onlyErrors: true,
    fail: (error) => (call) => void pipeline(new Readable({ objectMode: true, read() { this.destroy(error); } }), call, () => {}),
  },
  'calls back': { isThrown: false, kinds: UNARY, fail: (error) => (_call, callback) => callback(error) },
  'calls back later': { isThrown: false, kinds: UNARY, fail: (error) => (_call, callback) => void setImmediate(callback, error) },
  'emits an error': { isThrown: false, kinds: ['clientStream', ...STREAM], fail: (error) => (call, _callback) => void call.emit('error', error) },
};

/** What it fails with: whether that is a status by its own will, and what the client is told where nothing is hidden. */
const ERRORS = {
  'an Error': { error: new Error(SECRET), told: `2 UNKNOWN: ${SECRET}` },
  'an Error of the system': { error: Object.assign(new Error(SECRET), { code: 'ECONNREFUSED', errno: -111 }), told: `2 UNKNOWN: ${SECRET}` },
  'an Error of a database': { error: Object.assign(new Error(SECRET), { code: 11000 }), told: `11000: ${SECRET}`, hasCode: true },
  'a TypeError': { error: new TypeError(SECRET), told: `2 UNKNOWN: ${SECRET}` },
  'a text': { error: SECRET, told: `2 UNKNOWN: ${SECRET}`, given: '2 UNKNOWN: Unknown error' },
  'an RpcError': { error: new RpcError(status.NOT_FOUND, 'no room1'), told: '5 NOT_FOUND: no room1', isStatus: true },
  'a ServiceError of grpc-js': { error: Object.assign(new Error('9 FAILED_PRECONDITION: x'), { code: 9, details: 'x' }), told: '9 FAILED_PRECONDITION: x', isStatus: true },
  'a status': { error: { code: 7, details: 'not you' }, told: '7 PERMISSION_DENIED: not you', isStatus: true },
};

const SERVERS = {
  'by default': { make: () => new Server(), hides: () => false, logsGiven: true },
  'with hideThrown: false': { make: () => new Server({ hideThrown: false }), hides: () => false, logsGiven: true },
  'with hideThrown': { make: () => new Server({ hideThrown: true }), hides: () => true, logsGiven: true },
  // OWT's handlers were written for grpc-js: only what is thrown at once stays.
  'in the drop-in': { make: () => new OwtServer(), hides: ({ isAtOnce }) => isAtOnce === true, logsGiven: false },
};

for (const [where, { make, hides, logsGiven }] of Object.entries(SERVERS)) {
  test(`what a client is told of a handler's failure, and the log, ${where}`, LIMIT, async (t) => {
    const logged = [];
    setLogger({ warn: (text) => logged.push(text) });
    t.after(() => setLogger(null));
    for (const [way, { isThrown, kinds, fail, onlyErrors, ...more }] of Object.entries(WAYS)) {
      for (const [what, { error, told, given = told, isStatus = false, hasCode = isStatus }] of Object.entries(ERRORS)) {
        if (onlyErrors && !(error instanceof Error)) continue;
        const impl = Object.fromEntries(kinds.map((kind) => [kind, fail(error)]));
        const server = make().addService(type, impl);
        const client = createClient(type, `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
        const isHidden = isThrown && !isStatus && hides(more);
        const expected = isHidden ? '2 UNKNOWN: Unknown error' : isThrown ? told : given;
        try {
          const calls = Object.values(callers).filter(({ method }) => kinds.includes(method));
          await Promise.all(calls.map(({ method, call }) => assert.rejects(call(client, {}), { message: expected }, `${method} ${way} with ${what}`)));
          const isLogged = isThrown ? !isStatus : logsGiven && !hasCode;
          const lines = logged.splice(0);
          const starts = calls.map(({ method }) => `owt-grpc: /test.FourKinds/${method[0].toUpperCase()}${method.slice(1)} failed: `);
          assert.deepEqual(lines.map((line) => starts.find((start) => line.startsWith(start))).sort(), isLogged ? starts.sort() : [], `${way} with ${what}`);
          for (const line of lines) assert.ok(line.endsWith(error instanceof Error ? error.stack : error), `${way} with ${what}: with its stack`);
        } finally {
          client.close();
          await server.stop({ graceMs: 0 });
        }
      }
    }
  });
}

test('an exception behind the answer is logged, and changes nothing of it', LIMIT, async (t) => {
  const logged = [];
  setLogger({ warn: (text) => logged.push(text) });
  const server = new Server().addService(type, { unary(_call, callback) { callback(null, { message: 'first' }); null.x; } });
  const client = createClient(type, `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
  t.after(async () => {
    setLogger(null);
    client.close();
    await server.stop({ graceMs: 0 });
  });
  assert.equal((await client.unary({})).message, 'first');
  assert.match(logged.join(), /\/test\.FourKinds\/Unary failed: TypeError: Cannot read/);
});

test('what a handler fails with since its client has gone is not logged', LIMIT, async (t) => {
  const logged = [];
  setLogger({ warn: (text) => logged.push(text) });
  let ended;
  const end = new Promise((resolve) => (ended = resolve));
  const server = new Server().addService(type, {
    unary: (call) => new Promise((_resolve, reject) => call.signal.addEventListener('abort', () => {
      reject(new Error('aborted'));
      setImmediate(ended);
    })),
  });
  const client = createClient(type, `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
  t.after(async () => {
    setLogger(null);
    client.close();
    await server.stop({ graceMs: 0 });
  });
  await assert.rejects(client.unary({}, { timeout: 100 }), /4 DEADLINE_EXCEEDED/);
  await end;
  assert.deepEqual(logged, []);
});
