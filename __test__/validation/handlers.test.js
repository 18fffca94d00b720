'use strict';

// Handlers that do what they should not: the client is told, at once, and the
// server goes on serving.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { Server, createClient, setLogger } = require('../..');
const { record } = require('../support/grpc/peers');

const LIMIT = { timeout: 20_000 };

/** A client of a server with this handler, whose `subscribe` shows that it goes on. */
async function connect(t, impl) {
  const server = new Server().addService('webrtc', { subscribe: async () => ({ id: 'goes on' }), ...impl });
  const client = createClient('webrtc', `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
  t.after(async () => {
    assert.equal((await client.subscribe({})).id, 'goes on');
    client.close();
    await server.stop({ graceMs: 0 });
  });
  return client;
}

const circle = {};
circle.media = circle;

const fail = (error) => () => {
  throw error;
};
const failLater = (error) => async () => {
  throw error;
};

/** What a handler of one reply does, and the message of the error it gives. */
const UNARY = {
  'throws an Error': [fail(new Error('broken')), /^2 UNKNOWN: broken$/],
  'throws a string': [fail('broken'), /^2 UNKNOWN: broken$/],
  'throws undefined': [fail(undefined), /^2 UNKNOWN: Unknown error$/],
  'throws a status': [fail({ code: 5, details: 'gone' }), /^5 NOT_FOUND: gone$/],
  'throws an Error that is a status': [fail(Object.assign(new Error('x'), { code: 7, details: 'no' })), /^7 PERMISSION_DENIED: no$/],
  'rejects with an Error': [failLater(new Error('broken')), /^2 UNKNOWN: broken$/],
  'rejects with undefined': [failLater(undefined), /^2 UNKNOWN: Unknown error$/],
  'rejects with a status': [failLater({ code: 9, details: 'not now' }), /^9 FAILED_PRECONDITION: not now$/],
  'gives a code of its own': [failLater({ code: 99, details: 'odd' }), /^99: odd$/],
  'gives a code that is no whole number': [failLater({ code: 1.5, message: 'odd' }), /^2 UNKNOWN: odd$/],
  'gives a code of 0': [failLater({ code: 0, message: 'odd' }), /^2 UNKNOWN: odd$/],
  'returns nothing': [(_call) => {}, /^13 INTERNAL: The handler of \/owt.WebRTCAgent\/Publish returned nothing/],
  'is async and returns nothing': [async (_call) => {}, /^13 INTERNAL: The handler of \/owt.WebRTCAgent\/Publish returned nothing/],
  'returns null': [async () => null, /^13 INTERNAL: Error serializing response/],
  'has a getter that throws': [async () => ({ get id() { throw new Error('from a getter'); } }), /^13 INTERNAL: Error serializing response: from a getter/],
  'answers with an error of an odd kind': [(_call, callback) => callback(5), /^2 UNKNOWN: Unknown error$/],
  'calls back with neither error nor reply': [(_call, callback) => callback(), /^13 INTERNAL: Error serializing response/],
};

for (const [name, [publish, expected]] of Object.entries(UNARY)) {
  test(`a handler that ${name} is answered, and the server goes on`, LIMIT, async (t) => {
    const client = await connect(t, { publish });
    await assert.rejects(client.publish({}), (error) => {
      assert.match(error.message, expected);
      return true;
    });
  });
}

test('the first answer counts: callback then callback, callback then throw, return then callback', LIMIT, async (t) => {
  const client = await connect(t, {
    publish(call, callback) {
      callback(null, { id: 'first' });
      callback(new Error('second'));
      throw new Error('third');
    },
    async unpublish(call, callback) {
      setImmediate(callback, new Error('later'));
      return { message: 'first' };
    },
  });
  assert.equal((await client.publish({})).id, 'first');
  assert.equal((await client.unpublish({})).message, 'first');
});

test('a handler that never answers is ended by the deadline, and is told', LIMIT, async (t) => {
  let told;
  const cancelled = new Promise((resolve) => (told = resolve));
  const client = await connect(t, { publish: (call, _callback) => call.on('cancelled', told) });
  await assert.rejects(client.publish({}, { timeout: 100 }), /4 DEADLINE_EXCEEDED/);
  await cancelled;
});

/** What a handler of a stream does, how many messages arrive, and the status. */
const STREAMS = {
  'ends twice': [(call) => { call.end(); call.end(); }, 0, 0, ''],
  'writes after its end': [(call) => { call.write({ name: 'a' }); call.end(); assert.equal(call.write({ name: 'b' }), false); }, 1, 0, ''],
  'throws at once': [fail(new Error('broken')), 0, 2, 'broken'],
  'throws after a message': [(call) => { call.write({ name: 'a' }); throw new Error('broken'); }, 1, 2, 'broken'],
  'emits an Error': [(call) => { call.write({ name: 'a' }); call.emit('error', new Error('broken')); }, 1, 2, 'broken'],
  'emits errors twice': [(call) => { call.emit('error', { code: 5, details: 'gone' }); call.emit('error', new Error('again')); }, 0, 5, 'gone'],
  'destroys its stream': [(call) => { call.destroy(new Error('broken')); }, 0, 2, 'broken'],
  'writes what is no message': [(call) => { call.write({ name: 'a' }); call.write({ data: 'text' }); call.write({ name: 'b' }); }, 1, 13, /Error serializing response: .*object expected/],
  'writes null': [(call) => call.write(null), 0, 2, /null/],
  'rejects after a message': [async (call) => { call.write({ name: 'a' }); throw new Error('broken'); }, 1, 2, 'broken'],
  'is a generator that throws midway': [async function* () { yield { name: 'a' }; yield { name: 'b' }; throw new Error('broken'); }, 2, 2, 'broken'],
  'is a generator that yields no message': [async function* () { yield { name: 'a' }; yield { data: 'text' }; }, 1, 13, /Error serializing response/],
  'sends metadata after a message': [(call) => { call.write({ name: 'a' }); call.sendMetadata({ late: 'x' }); call.end(); }, 1, 0, ''],
};

for (const [name, [listenToNotifications, count, code, details]] of Object.entries(STREAMS)) {
  test(`a stream whose handler ${name} ends with its status, and the server goes on`, LIMIT, async (t) => {
    const client = await connect(t, { listenToNotifications });
    const { messages, status } = await record(client.listenToNotifications({}));
    assert.equal(status.code, code);
    if (details instanceof RegExp) assert.match(status.details, details);
    else assert.equal(status.details, details);
    assert.equal(messages.length, count);
  });
}

test('a bidirectional handler that throws or is broken by its requests ends its stream, not the server', LIMIT, async (t) => {
  const server = new Server().addService('quic', {
    async *validateTokenCallback(call) {
      for await (const { tokenId } of call) {
        if (tokenId === 'bad') throw new Error('no such token');
        yield { tokenId };
      }
    },
  });
  const client = createClient('quic', `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
  t.after(async () => {
    client.close();
    await server.stop({ graceMs: 0 });
  });
  for (const [last, code] of [['good', 0], ['bad', 2], ['good', 0]]) {
    const stream = client.validateTokenCallback();
    const recorded = record(stream);
    stream.write({ tokenId: 'first' });
    stream.end({ tokenId: last });
    const { messages, status } = await recorded;
    assert.equal(status.code, code);
    assert.equal(messages.length, code === 0 ? 2 : 1);
  }
});

test('a handler that declares no callback and returns nothing is logged once: it may still answer by `arguments`', LIMIT, async (t) => {
  const logged = [];
  setLogger({ warn: (text) => logged.push(text) });
  t.after(() => setLogger(null));
  const client = await connect(t, { publish() {}, unpublish: (...all) => void setImmediate(all[1], null, { message: 'by rest' }) });
  for (let n = 0; n < 2; n++) await assert.rejects(client.publish({}, { timeout: 100 }), /4 DEADLINE_EXCEEDED/);
  assert.equal((await client.unpublish({})).message, 'by rest');
  assert.equal(logged.filter((text) => text.includes('WebRTCAgent/Publish')).length, 1);
  assert.match(logged[0], /handler of \/owt.WebRTCAgent\/Publish returned nothing and declares no callback/);
});

test('a handler whose name nearly is that of a method without one is logged once, and other functions are not', LIMIT, async (t) => {
  const logged = [];
  setLogger({ warn: (text) => logged.push(text) });
  t.after(() => setLogger(null));
  class Base {
    unpublsh() {}
    get subscrbe() { throw new Error('read'); }
  }
  class Agent extends Base {
    constructor() {
      super();
      this.publish = async () => ({});
      this.linkups = () => {};
      this.cutof = 'no function';
    }
    publsh() {}
    drawText() {}
    toString() { return 'agent'; }
  }
  for (let n = 0; n < 2; n++) new Server().addService('webrtc', new Agent());
  assert.deepEqual(logged.splice(0).sort(), [
    "owt-grpc: addService('webrtc'): linkups is no method of it, and linkup has no handler; did you mean linkup?",
    "owt-grpc: addService('webrtc'): unpublsh is no method of it, and unpublish has no handler; did you mean unpublish?",
  ]);
  // As OWT's have them: names of other services, and short ones that are near to many.
  new Server().addService('sip', { drawText() {}, stop() {}, removeInput() {}, makeCall() {} });
  const { startServer, stopServer } = require('../../lib/dropin/grpcTools');
  const port = await startServer('video', { generate() {}, degenrate() {}, drawText() {}, enableVAD() {} });
  await stopServer(port, { graceMs: 0 });
  assert.deepEqual(logged, ["owt-grpc: addService('video'): degenrate is no method of it, and degenerate has no handler; did you mean degenerate?"]);
});
