'use strict';

// What a peer can make a server hold. Inputs are scaled to our own bounds, and go to
// ports that the test opened.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const zlib = require('node:zlib');
const { createClient } = require('../..');
const { serviceOf } = require('../../lib/grpc/contract');
const { RawClient, Setting, entry, message } = require('../support/net/raw-http2');
const { attacked, sleep } = require('./attacked');

const pathOf = (type, name) => serviceOf(type).methods.find((method) => method.originalName === name).path;
const PUBLISH = pathOf('webrtc', 'publish');
const SUBSCRIBE = pathOf('webrtc', 'listenToNotifications');
const LIMIT = { timeout: 120_000 };

/** A request whose id asks for a reply of so many bytes. */
const request = (bytes) => {
  const id = Buffer.from(String(bytes));
  return Buffer.concat([Buffer.from([0x0a, id.length]), id]);
};

test('header lists of streams that do not go on are bounded, and refused by name', LIMIT, async (t) => {
  const left = await attacked(t, 'victim', async (port) => {
    const client = await RawClient.connect(port);
    // Kept in the table once, then named by one byte: 4 KB each time.
    const kept = entry('blob', 'x'.repeat(3900), 0x40);
    await client.open(PUBLISH, { more: kept });
    for (let n = 0; n < 4000 && !client.isClosed; n++) await client.open(PUBLISH, { more: Buffer.alloc(15, 0x80 | 62) });
    await sleep(1000);
    client.close();
  });
  const told = left.logged.filter((text) => /maxBufferedBytes/.test(text));
  assert.ok(told.length >= 1, 'it is said');
});

test('compressed requests are not expanded before there is room for them', LIMIT, (t) =>
  attacked(t, 'victim', async (port) => {
    const client = await RawClient.connect(port);
    const bytes = zlib.gzipSync(Buffer.concat([Buffer.from([0x0a, 0xf4, 0xff, 0xff, 0x01]), Buffer.alloc(4 * 2 ** 20 - 12)]));
    const bomb = message(bytes, { compressed: true });
    for (let n = 0; n < 500; n++) {
      const stream = await client.open(PUBLISH, { more: entry('grpc-encoding', 'gzip') });
      await client.data(stream, bomb, { end: true });
    }
    while (client.ended.size < 500 && !client.isClosed) await sleep(50);
    client.close();
  })
);

test('replies that wait for a window are bounded, and a small one on the same connection comes', LIMIT, (t) =>
  attacked(t, 'victim', async (port) => {
    const client = await RawClient.connect(port, { [Setting.INITIAL_WINDOW_SIZE]: 0 });
    for (let n = 0; n < 1000; n++) {
      const stream = await client.open(PUBLISH);
      await client.data(stream, message(request(2 ** 20)), { end: true });
    }
    // 96 of them fit.
    await client.has(() => client.ended.size > 850);
    assert.equal(client.isClosed, false);
    const small = await client.open(PUBLISH);
    await client.widen(small, 1000);
    await client.data(small, message(request(5)), { end: true });
    while (!client.ended.has(small)) await sleep(10);
    client.close();
  })
);

test('large messages that are promised and do not come are bounded', LIMIT, (t) =>
  attacked(t, 'victim', async (port) => {
    const client = await RawClient.connect(port);
    const half = message(Buffer.alloc(2 ** 20), { promised: 4 * 2 ** 20 });
    const sending = [];
    for (let n = 0; n < 400; n++) sending.push(client.open(PUBLISH).then((stream) => client.data(stream, half)));
    await Promise.race([Promise.all(sending), sleep(10_000)]);
    await sleep(500);
    client.close();
  })
);

test('calls that never send their request are bounded', LIMIT, (t) =>
  attacked(t, 'victim', async (port) => {
    const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(port)));
    for (let n = 0; n < 10_000; n++) await Promise.all(clients.map((client) => client.open(PUBLISH)));
    await sleep(500);
    for (const client of clients) client.close();
  })
);

test('streams that a server writes and nobody reads are bounded', LIMIT, (t) =>
  attacked(t, 'victim', async (port) => {
    const client = await RawClient.connect(port, { [Setting.INITIAL_WINDOW_SIZE]: 0 });
    // 180 kB each, of which two thirds are written while the first message waits.
    for (let n = 0; n < 2000; n++) {
      const stream = await client.open(SUBSCRIBE);
      await client.data(stream, message(Buffer.alloc(0)), { end: true });
    }
    await sleep(2000);
    client.close();
  })
);

test('messages that a handler does not read count, and beyond the bound they are refused', LIMIT, async (t) => {
  const mib = 48;
  const { logged } = await attacked(t, 'victim', async (port, ask) => {
    const client = createClient('quic', `127.0.0.1:${port}`);
    t.after(() => client.close());
    const tokenId = 'x'.repeat(50_000);
    let isRefused = false;
    // Half as much again as it may hold, by the rules of HTTP/2.
    for (let n = 0; n < mib * 30; n++) {
      client.validateTokenCallback().on('error', () => (isRefused = true)).write({ tokenId, ok: true });
    }
    let counted = 0;
    while (!isRefused) counted = Math.max(counted, (await ask()).bufferedBytes);
    assert.ok(counted > (mib / 2) * 2 ** 20, `${counted} bytes are known to wait`);
    client.close();
  }, { OWT_GRPC_MAX_BUFFERED_BYTES: String(mib * 2 ** 20) });
  // Its calls are, or its connection is, where the peaceful client needs the room.
  assert.ok(logged.some((text) => text.includes('maxBufferedBytes')), logged.join('\n'));
});
