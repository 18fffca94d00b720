'use strict';

// What a server can make its clients hold, and what its neighbours feel of it.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const zlib = require('node:zlib');
const { entry, message, rawServer, responseHeaders } = require('../support/net/raw-http2');
const { attacked } = require('./attacked');

const LIMIT = { timeout: 120_000 };

/** A client makes its calls to a server that answers each by `answer`; waits until all have ended. */
async function callsTo(t, answer, calls = 1000) {
  const hostile = await rawServer(answer);
  t.after(() => hostile.close());
  return attacked(t, 'caller', async (_port, ask) => {
    await ask('call', { port: hostile.port, calls });
    const isOver = ({ ends }) => Object.values(ends).reduce((sum, count) => sum + count, 0) === calls;
    while (!isOver(await ask())) await new Promise((resolve) => setTimeout(resolve, 100));
  });
}

/** Their deadline, the budget, windows that were not kept to, or the connection was closed for the others' sake. */
const assertNoneIsGood = (ends) => assert.deepEqual(Object.keys(ends).filter((code) => !['4', '8', '13', '14'].includes(code)), []);

test('header lists in replies that do not end are bounded', LIMIT, async (t) => {
  const { ends } = await callsTo(t, (peer, stream) => {
    const first = peer.isKept !== true;
    peer.isKept = true;
    // Kept in the table once, then named by one byte: 4 KB each time.
    const more = first ? entry('blob', 'x'.repeat(3900), 0x40) : Buffer.alloc(15, 0x80 | 62);
    peer.headers(stream, Buffer.concat([responseHeaders, more]));
  });
  assertNoneIsGood(ends);
});

test('compressed replies are expanded as they are read', LIMIT, async (t) => {
  const bytes = zlib.gzipSync(Buffer.concat([Buffer.from([0x0a, 0xf4, 0xff, 0xff, 0x01]), Buffer.alloc(4 * 2 ** 20 - 12)]));
  const bomb = message(bytes, { compressed: true });
  const { ends } = await callsTo(t, async (peer, stream) => {
    await peer.headers(stream, Buffer.concat([responseHeaders, entry('grpc-encoding', 'gzip')]));
    await peer.data(stream, bomb);
    await peer.headers(stream, entry('grpc-status', '0'), { end: true });
  }, 300);
  assert.ok(ends[0] > 0, JSON.stringify(ends));
});

test('large replies that do not come to their end are bounded', LIMIT, async (t) => {
  const half = message(Buffer.alloc(2 ** 19), { promised: 4 * 2 ** 20 });
  const { ends } = await callsTo(t, async (peer, stream) => {
    await peer.headers(stream, responseHeaders);
    await peer.data(stream, half);
  });
  assertNoneIsGood(ends);
});
