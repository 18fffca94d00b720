'use strict';

// How much metadata is taken, and how much is sent.

const assert = require('node:assert').strict;
const { once } = require('node:events');
const http2 = require('node:http2');
const { test } = require('node:test');
const { Metadata, RpcError, Server, createClient, setLogger, status } = require('../..');
const { serviceOf } = require('../../lib/grpc/contract');
const { theirs } = require('../support/grpc/peers');
const { RawClient, entry, message, rawServer, responseHeaders } = require('../support/net/raw-http2');

const LIMIT = { timeout: 20_000 };
const PUBLISH = serviceOf('webrtc').methods.find(({ originalName }) => originalName === 'publish').path;

async function serve(t, impl, options) {
  const server = new Server(options).addService('webrtc', impl);
  const port = await server.listen('127.0.0.1:0');
  t.after(() => server.stop({ graceMs: 0 }));
  return port;
}

function clientOf(t, port, options) {
  const client = createClient('webrtc', `127.0.0.1:${port}`, options);
  t.after(() => client.close());
  return client;
}

/** A client that says what it accepts. */
async function modestClient(t, port, maxHeaderListSize) {
  const session = http2.connect(`http://127.0.0.1:${port}`, { settings: { maxHeaderListSize } });
  t.after(() => session.destroy());
  await once(session, 'remoteSettings');
  return async (headers = {}) => {
    const stream = session.request({ ':method': 'POST', ':path': PUBLISH, 'content-type': 'application/grpc', te: 'trailers', ...headers });
    const got = {};
    stream.on('response', (found) => Object.assign(got, found));
    stream.on('trailers', (found) => Object.assign(got, found));
    stream.end(Buffer.from([0, 0, 0, 0, 0]));
    stream.resume();
    // What is refused is reset as well, which Node makes an error.
    stream.on('error', () => {});
    await new Promise((resolve) => stream.once('close', resolve));
    return got;
  };
}

function deferred() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}

const large = (bytes) => Metadata.from({ room: 'r1', blob: 'x'.repeat(bytes) });

test('metadata up to 64 KiB is taken on both sides, and more is refused with the name of the key', LIMIT, async (t) => {
  const port = await serve(t, {
    async publish(call) {
      call.sendMetadata(large(Number(call.request.id)));
      return {};
    },
  });
  const client = clientOf(t, port);
  await client.publish({ id: '60000' }, { metadata: large(60_000) });
  for (const [request, metadata] of [[{ id: '0' }, large(66_000)], [{ id: '66000' }, new Metadata()]]) {
    await assert.rejects(client.publish(request, { metadata }), (error) => {
      assert.equal(error.code, status.RESOURCE_EXHAUSTED);
      assert.match(error.details, /^Received metadata larger than max \(\d+ vs 65536 bytes\): blob alone has 660\d\d of them$/);
      return true;
    });
  }
  await client.publish({ id: '0' });
});

test('maxMetadataBytes moves the bound of each side', LIMIT, async (t) => {
  const port = await serve(t, { publish: async () => ({}) }, { maxMetadataBytes: 500_000 });
  await clientOf(t, port).publish({}, { metadata: large(400_000) });
  const strict = await serve(t, {
    async publish() {
      throw new RpcError(status.NOT_FOUND, 'no', large(2000));
    },
  });
  await assert.rejects(clientOf(t, strict, { maxMetadataBytes: 1000 }).publish({}), { code: status.RESOURCE_EXHAUSTED });
  await assert.rejects(clientOf(t, strict).publish({}), { code: status.NOT_FOUND });
  for (const wrong of ['1', -2, 1.5, {}]) {
    assert.throws(() => new Server({ maxMetadataBytes: wrong }), /server: option maxMetadataBytes must be a whole number/);
  }
});

test('a header list far over the bound is refused by HTTP/2 itself, and the connection stays', LIMIT, async (t) => {
  const port = await serve(t, { publish: async () => ({}) });
  const client = await RawClient.connect(port);
  t.after(() => client.close());
  const stream = await client.open(PUBLISH, { more: entry('blob', 'x'.repeat(100_000)) });
  await client.has(() => client.ended.has(stream));
  assert.equal(client.ended.get(stream), 'whole', 'an answer, and not only a reset');
  const good = await client.open(PUBLISH);
  await client.data(good, message(Buffer.alloc(0)), { end: true });
  await client.has(() => client.ended.has(good));
  assert.equal(client.isClosed, false);
});

test('a client of grpc-js reads which key was too large', LIMIT, async (t) => {
  const port = await serve(t, { publish: async () => ({}) });
  const client = theirs.client('webrtc', port);
  t.after(() => client.close());
  const { Metadata: Theirs } = require('@grpc/grpc-js');
  const metadata = new Theirs();
  metadata.set('blob', 'x'.repeat(66_000));
  const error = await new Promise((resolve) => client.publish({}, metadata, resolve));
  assert.equal(error.code, status.RESOURCE_EXHAUSTED);
  assert.match(error.details, /blob alone has/);
});

test('trailers and headers that the client does not accept are left out, its status comes, and the log says it', LIMIT, async (t) => {
  const logged = [];
  const { promise, resolve } = deferred();
  setLogger({ warn: (text) => logged.push(text) === 2 && resolve() });
  t.after(() => setLogger(null));
  const port = await serve(t, {
    async publish(call) {
      if (call.metadata.get('ask')[0] === 'headers') {
        call.sendMetadata(large(9000));
        return {};
      }
      throw new RpcError(status.NOT_FOUND, 'no such room', large(9000));
    },
  });
  const call = await modestClient(t, port, 8192);
  const failed = await call({ ask: 'trailers' });
  assert.deepEqual([failed['grpc-status'], failed['grpc-message'], failed.blob, failed.room], ['5', 'no such room', undefined, undefined]);
  const good = await call({ ask: 'headers' });
  assert.deepEqual([good['grpc-status'], good.blob], ['0', undefined]);
  await promise;
  assert.match(logged[0], /Publish: the trailers of 9\d\d\d bytes were left out, since the client accepts 8192 at most/);
  assert.match(logged[1], /Publish: the metadata of 9\d\d\d bytes were left out, since the client accepts 8192 at most/);
  const other = await modestClient(t, port, 65_535);
  assert.equal((await other({ ask: 'trailers' })).room, 'r1', 'who accepts more gets all');
});

test('metadata that the server does not accept fails its call before it is sent', LIMIT, async (t) => {
  const server = http2.createServer({ settings: { maxHeaderListSize: 8192 } }, (request, response) => {
    response.writeHead(200, { 'content-type': 'application/grpc', 'grpc-status': '5', 'grpc-message': 'asked' });
    response.end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const client = clientOf(t, server.address().port);
  await assert.rejects(client.publish({}), { details: 'asked' });
  await assert.rejects(client.publish({}, { metadata: large(9000) }), (error) => {
    assert.equal(error.code, status.RESOURCE_EXHAUSTED);
    assert.match(error.details, /^Metadata larger than the peer accepts \(9\d\d\d vs 8192 bytes\): blob alone has 9\d\d\d of them$/);
    return true;
  });
});

test('a reply whose metadata go beyond what is read says so, wherever they are', LIMIT, async (t) => {
  const blob = entry('blob', 'x'.repeat(100_000));
  const status = entry('grpc-status', '5');
  const answers = {
    'in its headers': [[Buffer.concat([responseHeaders, blob]), status], /^The peer's response does not keep to HTTP\/2, or has metadata of more than the 81920 bytes that are read \(maxMetadataBytes\)$/],
    'in front of its status': [[responseHeaders, Buffer.concat([blob, status])], /^The peer's trailers have no status, or one behind metadata of more than the 81920 bytes/],
    'behind its status': [[responseHeaders, Buffer.concat([status, blob])], /^$/],
  };
  for (const [where, [[first, last], expected]] of Object.entries(answers)) {
    const server = await rawServer(async (peer, stream) => {
      await peer.headers(stream, first);
      await peer.headers(stream, last, { end: true });
    });
    t.after(() => server.close());
    await assert.rejects(clientOf(t, server.port).publish({}), (error) => {
      assert.match(error.details, expected, where);
      return true;
    });
  }
});

test('what a process may hold is read from stats, set by the program, and checked', () => {
  const { setMaxBufferedBytes } = require('../..');
  const server = new Server();
  assert.equal(server.stats().bufferedBytes, 0);
  assert.equal(server.stats().maxBufferedBytes, 96 * 1024 * 1024);
  setMaxBufferedBytes(64 * 1024 * 1024);
  assert.equal(server.stats().maxBufferedBytes, 64 * 1024 * 1024);
  setMaxBufferedBytes(96 * 1024 * 1024);
  for (const wrong of [0, 1000, -1, 1.5, NaN, Infinity, '5', null, undefined, {}]) {
    assert.throws(() => setMaxBufferedBytes(wrong), /setMaxBufferedBytes takes a whole number of bytes, at least 1048576, not /, String(wrong));
  }
});
