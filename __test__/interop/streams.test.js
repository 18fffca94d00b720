'use strict';

const assert = require('node:assert').strict;
const { once } = require('node:events');
const { test } = require('node:test');
const { ask, inAllPairings, ours, record } = require('../support/grpc/peers');

const note = (n, size = 0) => ({ type: 'webrtc', name: String(n), data: { type_url: 'x', value: Buffer.alloc(size) } });

inAllPairings('a stream of 20,000 messages arrives whole and in order, then status, end, close', async ({ connect }) => {
  const count = 20_000;
  const { client } = await connect('webrtc', {
    listenToNotifications(call) {
      for (let n = 0; n < count; n++) call.write(note(n));
      call.end();
    },
  });
  const { events, messages, status } = await record(client.listenToNotifications({}));
  assert.deepEqual(events, ['metadata', 'data', 'status', 'end', 'close']);
  assert.equal(messages.length, count);
  assert.ok(messages.every((message, n) => message.name === String(n)));
  assert.equal(status.code, 0);
});

inAllPairings('a stream that fails tells error, status, end, close', async ({ connect }) => {
  const { client } = await connect('webrtc', {
    listenToNotifications(call) {
      call.write(note(1));
      setImmediate(() => call.emit('error', { code: 9, details: 'over' }));
    },
  });
  const { events, status } = await record(client.listenToNotifications({}));
  assert.deepEqual(events, ['metadata', 'data', 'error', 'status', 'end', 'close']);
  assert.deepEqual([status.code, status.details], [9, 'over']);
});

inAllPairings('a cancelled stream ends with code 1, and its handler sees cancelled, then close', async ({ connect }) => {
  const seen = [];
  let closed;
  const handlerClosed = new Promise((resolve) => (closed = resolve));
  const { client } = await connect('webrtc', {
    listenToNotifications(call) {
      call.on('cancelled', (reason) => {
        seen.push(`cancelled ${reason}`);
        call.end();
      });
      call.on('close', () => {
        seen.push('close');
        closed(call);
      });
      call.write(note(1));
    },
  });
  const stream = client.listenToNotifications({});
  const recorded = record(stream);
  await once(stream, 'data');
  stream.cancel();
  const { status } = await recorded;
  assert.equal(status.code, 1);
  const call = await handlerClosed;
  assert.deepEqual(seen, ['cancelled cancelled', 'close']);
  assert.equal(call.cancelled, true);
  assert.equal(call.write(note(2)), false);
  assert.doesNotThrow(() => call.end());
});

inAllPairings('200 streams at once keep apart what each carries', async ({ connect }) => {
  const { client } = await connect('webrtc', {
    listenToNotifications(call) {
      let n = 0;
      const next = () => {
        if (n === 20) return call.end();
        call.write({ type: call.request.id, name: String(n++) });
        setImmediate(next);
      };
      next();
    },
  });
  const streams = Array.from({ length: 200 }, (_, n) => record(client.listenToNotifications({ id: `s${n}` })));
  for (const [n, { messages, status }] of (await Promise.all(streams)).entries()) {
    assert.equal(status.code, 0);
    assert.deepEqual(messages.map((m) => m.name), Array.from({ length: 20 }, (_, i) => String(i)));
    assert.ok(messages.every((m) => m.type === `s${n}`));
  }
});

inAllPairings('a bidirectional stream answers while it is asked', async ({ connect }) => {
  const { client } = await connect('quic', {
    validateTokenCallback(call) {
      call.on('data', ({ tokenId, ok }) => call.write({ tokenId, roomId: String(ok) }));
      call.on('end', () => call.end());
    },
  });
  const call = client.validateTokenCallback();
  const recorded = record(call);
  for (let n = 0; n < 1000; n++) {
    call.write({ tokenId: String(n), ok: n % 2 === 0 });
    if (n % 100 === 0) await new Promise(setImmediate);
  }
  call.end();
  const { messages, status } = await recorded;
  assert.equal(status.code, 0);
  assert.deepEqual(messages.map((m) => m.tokenId), Array.from({ length: 1000 }, (_, n) => String(n)));
});

inAllPairings('a writer is told to wait while nobody reads, and to go on when somebody does', async ({ connect }) => {
  const size = 10_000;
  let waited;
  const stalled = new Promise((resolve) => (waited = resolve));
  const { client } = await connect('webrtc', {
    async listenToNotifications(call) {
      let n = 0;
      const deadline = setTimeout(() => waited(new Error('write() never returned false')), 20_000);
      while (n < 2000) {
        if (!call.write(note(n++, size))) {
          clearTimeout(deadline);
          waited(n);
          await once(call, 'drain');
        }
      }
      call.end();
    },
  });
  const stream = client.listenToNotifications({});
  stream.pause();
  const written = await stalled;
  assert.equal(typeof written, 'number');
  const { messages, status } = await record(stream.resume());
  assert.equal(status.code, 0);
  assert.deepEqual(messages.map((m) => Number(m.name)), Array.from({ length: 2000 }, (_, n) => n));
});

test('a paused reader keeps what waits for it bounded', { timeout: 60_000 }, async (t) => {
  let written = 0;
  let stopped;
  const blocked = new Promise((resolve) => (stopped = resolve));
  const serving = await ours.serve('webrtc', {
    async *listenToNotifications() {
      for (;;) {
        const stall = setTimeout(() => stopped(written), 500);
        yield note(written++, 10_000);
        clearTimeout(stall);
      }
    },
  });
  const client = ours.client('webrtc', serving.port);
  t.after(async () => {
    client.close();
    await serving.stop();
  });
  const stream = client.listenToNotifications({});
  stream.on('error', () => {});
  await once(stream, 'metadata');
  const count = await blocked;
  // Windows of HTTP/2, of the crossing and of the two streams together.
  assert.ok(count * 10_000 < 8 << 20, `${count} messages of 10 kB were taken from the writer`);
});

test('leaving a for await loop cancels the call', { timeout: 20_000 }, async (t) => {
  let cancelled;
  const gone = new Promise((resolve) => (cancelled = resolve));
  const serving = await ours.serve('webrtc', {
    async *listenToNotifications(call) {
      call.on('cancelled', cancelled);
      for (let n = 0; ; n++) yield note(n);
    },
    publish: async () => ({ id: 'p' }),
  });
  const client = ours.client('webrtc', serving.port);
  t.after(async () => {
    client.close();
    await serving.stop();
  });
  for await (const { name } of client.listenToNotifications({})) {
    if (name === '10') break;
  }
  await gone;
  assert.deepEqual((await ask(client, 'publish', {})).reply, { id: 'p' });
});

test('a failing stream throws in a for await loop, after what came before', { timeout: 20_000 }, async (t) => {
  const serving = await ours.serve('webrtc', {
    async *listenToNotifications() {
      yield note(1);
      yield note(2);
      throw Object.assign(new Error('over'), { code: 5 });
    },
  });
  const client = ours.client('webrtc', serving.port);
  t.after(async () => {
    client.close();
    await serving.stop();
  });
  const names = [];
  await assert.rejects(
    async () => {
      for await (const { name } of client.listenToNotifications({})) names.push(name);
    },
    { code: 5, message: '5 NOT_FOUND: over' }
  );
  assert.deepEqual(names, ['1', '2']);
});
