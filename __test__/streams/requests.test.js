'use strict';

// A stream of requests, seen by its handler: whole, or cut off, and what leaving it
// means for the answer. The same on every Node.js.

const assert = require('node:assert').strict;
const http2 = require('node:http2');
const { PassThrough, Writable } = require('node:stream');
const { test } = require('node:test');
const { RpcError, status } = require('../..');
const { finished, loop, next, pipeline, serve } = require('../support/grpc/calls');
const { record } = require('../support/grpc/peers');

const LIMIT = { timeout: 20_000 };

/** What the first call of a handler is given as `seen`, and a client for it. */
async function handle(t, handler) {
  let tell;
  const seen = new Promise((resolve) => (tell = resolve));
  const { client, port, server } = await serve(t, 'quic', { validateTokenCallback: (call) => handler(call, tell) });
  return { client, port, seen, server };
}

test('a handler whose loop ends, or is left, can still answer', LIMIT, async (t) => {
  const { client } = await serve(t, 'quic', {
    async validateTokenCallback(call) {
      for await (const { tokenId } of call) {
        call.write({ tokenId, roomId: 'first loop' });
        if (tokenId === '2') break;
      }
      for await (const { tokenId } of call) call.write({ tokenId, roomId: 'second loop' });
      await new Promise((resolve) => setTimeout(resolve, 20));
      call.write({ roomId: 'behind the loops' });
      call.end();
    },
  });
  const stream = client.validateTokenCallback();
  const recorded = record(stream);
  for (let n = 0; n < 5; n++) stream.write({ tokenId: String(n) });
  stream.end();
  const { messages, status: ended } = await recorded;
  assert.equal(ended.code, status.OK);
  assert.deepEqual(messages.map(({ roomId }) => roomId), [...Array(3).fill('first loop'), ...Array(2).fill('second loop'), 'behind the loops']);
});

/** How the client of a stream goes in the middle of it. */
const GOES = {
  'is cancelled': { go: (stream) => stream.cancel(), ends: [/^1 CANCELLED: Cancelled by the client$/] },
  // Its client may be the first to see that.
  'is past its deadline': { go() {}, timeout: 100, ends: [/^4 DEADLINE_EXCEEDED: Deadline exceeded$/, /^1 CANCELLED: Cancelled by the client$/] },
};

for (const [name, { go, timeout, ends }] of Object.entries(GOES)) {
  test(`a handler's loop over a stream that ${name} throws`, LIMIT, async (t) => {
    const { client, seen } = await handle(t, async (call, tell) => tell(await loop(call)));
    const stream = client.validateTokenCallback({ timeout });
    stream.on('error', () => {});
    stream.write({ tokenId: 'a' });
    setTimeout(() => go(stream), 50);
    const { messages, error } = await seen;
    assert.deepEqual(messages.map(({ tokenId }) => tokenId), ['a']);
    assert.ok(error instanceof RpcError);
    assert.ok(ends.some((end) => end.test(error.message)), error.message);
  });
}

/** A raw call of `ValidateTokenCallback`, by a connection that can be cut. */
function rawCall(t, port) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  t.after(() => session.destroy());
  session.on('error', () => {});
  const request = session.request({ ':method': 'POST', ':path': '/owt.QuicAgent/validateTokenCallback', 'content-type': 'application/grpc', te: 'trailers' });
  request.on('error', () => {});
  return { request, session };
}

test("a handler's loop throws when the connection of its client is lost", LIMIT, async (t) => {
  const lose = () => session.destroy();
  const { port, seen } = await handle(t, async (call, tell) => tell({ ...(await loop(call, lose)), aborted: call.signal.aborted }));
  const { request, session } = rawCall(t, port);
  request.write(Buffer.from([0, 0, 0, 0, 0]));
  const { messages, error, aborted } = await seen;
  assert.equal(messages.length, 1);
  assert.equal(error.message, '1 CANCELLED: The connection was lost');
  assert.equal(aborted, true);
});

test("a handler's finished() and pipeline() see that a stream was cut off, begun before it or after it", LIMIT, async (t) => {
  const sink = () => new Writable({ objectMode: true, write: (_message, _encoding, done) => done() });
  const { client, seen } = await handle(t, async (call, tell) => {
    const ends = [finished(call.resume(), { writable: false })];
    await next(call, 'close');
    ends.push(finished(call, { writable: false }), pipeline(call, new PassThrough({ objectMode: true }), sink()), pipeline(call, sink()));
    tell(await Promise.allSettled(ends));
  });
  const stream = client.validateTokenCallback();
  stream.on('error', () => {});
  stream.write({ tokenId: 'a' });
  setTimeout(() => stream.cancel(), 50);
  const ends = await seen;
  assert.deepEqual(ends.map((end) => end.status), Array(4).fill('rejected'));
});

test("a stream that was cut off tells its handler 'cancelled' and 'close', not 'end'", LIMIT, async (t) => {
  const { client, seen } = await handle(t, (call, tell) => {
    const events = [];
    for (const event of ['data', 'cancelled', 'end', 'error']) call.on(event, () => events.push(event));
    call.once('close', () => tell(events));
  });
  const stream = client.validateTokenCallback();
  stream.on('error', () => {});
  stream.write({ tokenId: 'a' });
  setTimeout(() => stream.cancel(), 50);
  assert.deepEqual(await seen, ['data', 'cancelled']);
});

test('a request that cannot be read is thrown in the loop of its handler, too', LIMIT, async (t) => {
  const { port, seen } = await handle(t, async (call, tell) => tell(await loop(call)));
  const { request } = rawCall(t, port);
  // A message that ends inside of its first field.
  request.write(Buffer.from([0, 0, 0, 0, 2, 10, 5]));
  const { error } = await seen;
  assert.equal(error.code, status.INTERNAL);
  assert.match(error.details, /^Error deserializing request: /);
});

test('a handler that answers while its loop goes on ends the loop quietly', LIMIT, async (t) => {
  const { client, seen } = await handle(t, (call, tell) => {
    void loop(call).then(tell);
    call.write({ roomId: 'all there is' });
    call.end();
  });
  const stream = client.validateTokenCallback();
  const recorded = record(stream);
  stream.write({ tokenId: 'a' });
  assert.equal((await recorded).status.code, status.OK);
  assert.equal((await seen).error, null);
});

test('a callback of write() is called whatever has become of the call', LIMIT, async (t) => {
  const { client, seen } = await handle(t, async (call, tell) => {
    call.resume();
    await next(call, 'close');
    tell(await new Promise((resolve) => call.write({ roomId: 'late' }, resolve)));
  });
  const stream = client.validateTokenCallback();
  stream.on('error', () => {});
  setTimeout(() => stream.cancel(), 50);
  assert.equal((await seen).code, status.CANCELLED);
  const late = await new Promise((resolve) => stream.write({ tokenId: 'late' }, resolve));
  assert.equal(late.code, status.CANCELLED);
});

test('what is written after a server has ended a call goes nowhere, and ends nothing', LIMIT, async (t) => {
  const { client } = await serve(t, 'quic', {
    validateTokenCallback(call) {
      call.write({ roomId: 'all there is' });
      call.end();
    },
  });
  const stream = client.validateTokenCallback();
  const recorded = record(stream);
  await next(stream, 'status');
  assert.equal(stream.write({ tokenId: 'late' }), false);
  stream.end({ tokenId: 'later' });
  stream.end();
  const { events, messages } = await recorded;
  assert.equal(messages.length, 1);
  assert.equal(events.includes('error'), false);
});
