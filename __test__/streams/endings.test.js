'use strict';

// How a client's stream ends, seen by each way to read it: an error is an error,
// and after this side gave up nothing more is handed out. The same on every Node.js.

const assert = require('node:assert').strict;
const { PassThrough, Writable } = require('node:stream');
const { test } = require('node:test');
const { AbortController, RpcError, createClient, status } = require('../..');
const { finished, loop, next, pause, pipeline, serve, until } = require('../support/grpc/calls');
const { inAllPairings, record } = require('../support/grpc/peers');

const LIMIT = { timeout: 20_000 };

/** Handlers of notifications, by what their streams do. */
const HANDLERS = {
  // eslint-disable-next-line require-yield
  async *fails() {
    throw new RpcError(status.NOT_FOUND, 'no such session');
  },
  async *failsLate() {
    yield { name: 'a' };
    yield { name: 'b' };
    throw new RpcError(status.NOT_FOUND, 'no such session');
  },
  async *whole() {
    for (let n = 0; n < 200; n++) yield { name: String(n) };
  },
  async *endless() {
    for (let n = 0; ; n++) yield { name: String(n) };
  },
  // eslint-disable-next-line require-yield
  async *silent(call) {
    await new Promise((resolve) => call.once('close', resolve));
  },
};

const notifications = (t) => serve(t, 'webrtc', { listenToNotifications: (call) => HANDLERS[call.request.id](call) });

const sink = () => new Writable({ objectMode: true, write: (_message, _encoding, done) => done() });

/** Each way to read a stream to its end; rejects if that was not the end of all. */
const READERS = {
  'a loop': async (stream) => {
    const { error } = await loop(stream);
    if (error !== null) throw error;
  },
  'finished()': (stream) => finished(stream.resume()),
  'pipeline()': (stream) => pipeline(stream, sink()),
  'pipeline() through a transform': (stream) => pipeline(stream, new PassThrough({ objectMode: true }), sink()),
};

const noSession = { code: status.NOT_FOUND, message: '5 NOT_FOUND: no such session' };

for (const [name, read] of Object.entries(READERS)) {
  test(`a stream that failed is no whole one to ${name}, begun before, after or long after it`, LIMIT, async (t) => {
    const { client } = await notifications(t);
    await assert.rejects(read(client.listenToNotifications({ id: 'fails' })), noSession);
    const logged = client.listenToNotifications({ id: 'fails' });
    await next(logged, 'error');
    await assert.rejects(read(logged), noSession);
    await pause(20);
    await assert.rejects(read(logged), noSession);
    await assert.rejects(read(logged), noSession, 'and again');
  });

  test(`a stream that was cancelled or destroyed is no whole one to ${name}, before or after it`, LIMIT, async (t) => {
    const { client } = await notifications(t);
    for (const way of ['cancel', 'destroy']) {
      const stream = client.listenToNotifications({ id: 'silent' });
      const before = read(stream);
      stream[way]();
      await assert.rejects(before, `${way}, before`);
      await assert.rejects(read(stream), `${way}, after`);
    }
  });

  test(`a whole stream is a whole one to ${name}`, LIMIT, async (t) => {
    const { client } = await notifications(t);
    await read(client.listenToNotifications({ id: 'whole' }));
  });
}

test('without a listener an error ends the process, as with streams of Node.js, and a loop that begins then still throws it', LIMIT, async (t) => {
  const { client } = await notifications(t);
  const stream = client.listenToNotifications({ id: 'fails' });
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const thrown = await new Promise((resolve) => process.once('uncaughtException', resolve));
  for (const listener of listeners) process.on('uncaughtException', listener);
  assert.equal(thrown.message, noSession.message);
  assert.equal((await loop(stream)).error, thrown);
});

/** What the process hears of as nobody's exception, or nobody's rejection, while `body` runs. */
async function uncaughtIn(body) {
  const caught = [];
  const take = (error) => caught.push(error);
  const before = ['uncaughtException', 'unhandledRejection'].map((event) => {
    const listeners = process.listeners(event);
    process.removeAllListeners(event);
    process.on(event, take);
    return { event, listeners };
  });
  try {
    await body();
  } finally {
    for (const { event, listeners } of before) {
      process.removeListener(event, take);
      for (const listener of listeners) process.on(event, listener);
    }
  }
  return caught;
}

for (const event of ['metadata', 'data', 'status', 'end']) {
  inAllPairings(`an exception of a listener of '${event}' is the process's own: the other side is not blamed`, async ({ connect }) => {
    const { client } = await connect('webrtc', {
      listenToNotifications(call) {
        for (const name of ['a', 'b', 'c']) call.write({ name });
        call.end();
      },
    });
    const mistake = new Error('a mistake of the listener');
    let failure = null;
    const caught = await uncaughtIn(async () => {
      const stream = client.listenToNotifications({}).on('error', (error) => (failure = error));
      stream.on('data', () => {});
      const thrown = new Promise((resolve) => {
        stream.on(event, () => {
          setImmediate(resolve);
          throw mistake;
        });
      });
      await thrown;
      stream.cancel();
    });
    assert.ok(caught.length > 0 && caught.every((error) => error === mistake), String(caught));
    assert.ok(failure === null || failure.code === status.CANCELLED, String(failure));
  });
}

test('what a server ends a stream with comes behind its messages, however slow the reader', LIMIT, async (t) => {
  const { client } = await notifications(t);
  const late = await loop(client.listenToNotifications({ id: 'failsLate' }), () => pause(20));
  assert.deepEqual(late.messages.map(({ name }) => name), ['a', 'b']);
  assert.equal(late.error.message, noSession.message);
  const stream = client.listenToNotifications({ id: 'failsLate' });
  await pause(50);
  const begunLate = await loop(stream);
  assert.deepEqual([begunLate.messages.length, begunLate.error.code], [2, status.NOT_FOUND]);
});

/** How this side gives up a stream, and what it ends with. */
const WAYS = {
  'cancel()': { code: status.CANCELLED, text: /^Cancelled on client$/, stop: (stream) => stream.cancel() },
  'its signal': { code: status.CANCELLED, text: /^Cancelled on client$/, stop: (_stream, controller) => controller.abort() },
  'its deadline': { code: status.DEADLINE_EXCEEDED, text: /^Deadline exceeded/, timeout: 150 },
};

for (const [name, { code, text, stop, timeout }] of Object.entries(WAYS)) {
  for (const kind of ['endless', 'whole']) {
    test(`${name} stops a slow reader at once, of a stream that is ${kind}`, LIMIT, async (t) => {
      const { client } = await notifications(t);
      const controller = new AbortController();
      const options = timeout === undefined ? { signal: controller.signal } : { timeout };
      const stream = client.listenToNotifications({ id: kind }, options);
      let more = 0;
      let isOver = false;
      const { messages, error } = await loop(stream, async (count) => {
        if (isOver) more++;
        if (stop !== undefined && count === 5) {
          stop(stream, controller);
          isOver = true;
        }
        await pause(timeout === undefined ? 1 : 20);
      });
      assert.equal(error.code, code);
      assert.match(error.details, text);
      assert.equal(more, 0);
      assert.ok(messages.length < 30, `${messages.length} messages`);
    });
  }

  test(`${name} stops 'data' at once, also of what the stream holds`, LIMIT, async (t) => {
    const { client } = await notifications(t);
    const controller = new AbortController();
    const options = timeout === undefined ? { signal: controller.signal } : { timeout };
    const stream = client.listenToNotifications({ id: timeout === undefined ? 'whole' : 'silent' }, options);
    stream.read(0);
    await until(() => timeout !== undefined || stream.readableLength > 3);
    let count = 0;
    const recorded = record(stream);
    stream.on('data', () => {
      if (++count === 3) stop(stream, controller);
    });
    const { events, messages, status: ended } = await recorded;
    assert.equal(messages.length, timeout === undefined ? 3 : 0);
    assert.deepEqual(events.slice(-4), ['error', 'status', 'end', 'close'].slice(-events.length));
    assert.equal(ended.code, code);
  });
}

test("destroy() in a listener of 'data' is the end of 'data'", LIMIT, async (t) => {
  const { client } = await notifications(t);
  const stream = client.listenToNotifications({ id: 'whole' });
  stream.read(0);
  await until(() => stream.readableLength > 2);
  const events = [];
  stream.on('data', ({ name }) => {
    events.push(name);
    if (name === '1') stream.destroy();
  });
  for (const event of ['error', 'status', 'end']) stream.on(event, () => events.push(event));
  await next(stream, 'close');
  assert.equal(stream.read(), null);
  assert.deepEqual(events, ['0', '1']);
});

test('closing the client ends its loops with CANCELLED, and says nothing to others', LIMIT, async (t) => {
  const { port } = await notifications(t);
  const client = createClient('webrtc', `127.0.0.1:${port}`);
  const events = [];
  const quiet = client.listenToNotifications({ id: 'silent' });
  for (const event of ['data', 'error', 'status', 'end', 'close']) quiet.on(event, () => events.push(event));
  const looped = loop(client.listenToNotifications({ id: 'silent' }));
  const closed = next(quiet, 'close');
  client.close();
  assert.equal((await looped).error.message, '1 CANCELLED: Cancelled on client');
  await closed;
  assert.deepEqual(events, ['close']);
});

test('a signal that fires after a stream was read, or failed, does nothing to it', LIMIT, async (t) => {
  const { client } = await notifications(t);
  for (const id of ['whole', 'fails']) {
    const controller = new AbortController();
    const stream = client.listenToNotifications({ id }, { signal: controller.signal });
    const { events } = await record(stream);
    controller.abort();
    await pause(20);
    assert.equal(events.filter((event) => event === 'error').length, id === 'fails' ? 1 : 0);
  }
});

inAllPairings('a deadline ends a stream that its server has ended, if it is not read by then', async ({ connect }) => {
  const { client } = await connect('webrtc', {
    listenToNotifications(call) {
      for (let n = 0; n < 300; n++) call.write({ name: String(n) });
      call.end();
    },
  });
  const { error, messages } = await loop(client.listenToNotifications({}, { deadline: Date.now() + 200 }), () => pause(3));
  assert.equal(error.code, status.DEADLINE_EXCEEDED);
  assert.ok(messages.length < 200, `${messages.length} messages`);
});
