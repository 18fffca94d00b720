'use strict';

// Proxies that do not make a tunnel: what callers are told, and when.

const assert = require('node:assert').strict;
const net = require('node:net');
const { inspect } = require('node:util');
const { test } = require('node:test');
const { Server, createClient } = require('../..');
const { startClient } = require('../../lib/dropin/grpcTools');
const { freePort } = require('../support/bus');
const { record } = require('../support/grpc/peers');
const { listenOn, startProxy, withEnvironment } = require('../support/net/connect-proxy');
const { AbortController } = require('../support/grpc/signals');
const { canReset } = require('../support/net/sockets');

const LIMIT = { timeout: 20_000 };
/** The target is never reached in most tests: nobody listens there. */
const TARGET = '127.0.0.1:9';

/** A client whose proxy has a password. */
function through(t, at, target = TARGET) {
  const client = createClient('webrtc', target, { proxy: `http://me:s3cret@${at}` });
  t.after(() => client.close());
  return client;
}

/** The error of a call, which has neither the password nor its encoded form anywhere. */
async function failureOf(call) {
  const error = await call.then(() => assert.fail('the call succeeds'), (thrown) => thrown);
  const encoded = Buffer.from('me:s3cret').toString('base64');
  for (const text of [inspect(error, { showHidden: true }), error.stack, JSON.stringify(error)]) {
    assert.ok(!text.includes('s3cret') && !text.includes(encoded), text);
  }
  return error;
}

/** What a raw proxy does with a connection, once it has read the request. */
async function rawProxy(t, behave) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', (request) => behave(socket, request));
  });
  const port = await listenOn(server, '127.0.0.1');
  t.after(() => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  });
  return `127.0.0.1:${port}`;
}

const ANSWERS = {
  'refuses with 403': [(socket) => socket.end('HTTP/1.1 403 Forbidden by policy 7\r\n\r\n<html>'), 'refused: HTTP/1.1 403 Forbidden by policy 7'],
  'answers 502': [(socket) => socket.end('HTTP/1.0 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'), 'could not connect to the target: HTTP/1.0 502 Bad Gateway'],
  'answers 500, as tinyproxy': [(socket) => socket.end('HTTP/1.0 500 Unable to connect\r\nServer: tinyproxy/1.11.1\r\n\r\n'), 'could not connect to the target: HTTP/1.0 500 Unable to connect'],
  'answers 503, as squid': [(socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\nServer: squid/5.7\r\nX-Squid-Error: ERR_CONNECT_FAIL 111\r\n\r\n'), 'could not connect to the target: HTTP/1.1 503 Service Unavailable (X-Squid-Error: ERR_CONNECT_FAIL 111)'],
  'refuses with 403, as squid': [(socket) => socket.end('HTTP/1.1 403 Forbidden\r\nx-squid-error: ERR_ACCESS_DENIED 0\r\n\r\n'), 'refused: HTTP/1.1 403 Forbidden (X-Squid-Error: ERR_ACCESS_DENIED 0)'],
  'says much of its error': [(socket) => socket.end(`HTTP/1.1 503 No\r\nX-Squid-Error: ${'\xff'.repeat(4000)}\r\n\r\n`, 'latin1'), `could not connect to the target: HTTP/1.1 503 No (X-Squid-Error: ${'\\xff'.repeat(80)})`],
  'wants other credentials, as tinyproxy': [(socket) => socket.end('HTTP/1.0 401 Unauthorized\r\n\r\n'), 'refused: HTTP/1.0 401 Unauthorized: it does not accept the user and the password it was given'],
  'refuses with a redirect': [(socket) => socket.end('HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n'), 'refused: HTTP/1.1 302 Found'],
  'wants other credentials': [(socket) => socket.end('HTTP/1.1 407 Authentication Required\r\n\r\n'), 'refused: HTTP/1.1 407 Authentication Required: it does not accept the user and the password it was given'],
  'closes at once': [(socket) => socket.end(), 'closed the connection before its answer'],
  'closes within its answer': [(socket) => socket.end('HTTP/1.1 200 OK\r\nVia: '), 'closed the connection before its answer'],
  'resets the connection': [(socket) => socket.resetAndDestroy(), /: the proxy \S+ closed the connection: .*reset/],
  'answers garbage': [(socket) => socket.write('220 mail.example ESMTP\r\n'), 'does not speak HTTP/1, check host and port: it said "220 mail.example ESMTP" (invalid HTTP version)'],
  'answers in binary': [(socket) => socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, 0x46])), 'does not speak HTTP/1, check host and port: it said "\\x15\\x03\\x03\\x00\\x02\\x02F" (invalid HTTP version)'],
  'sends back what it was sent': [(socket, request) => socket.write(request), `does not speak HTTP/1, check host and port: it said "CONNECT ${TARGET} HTTP/1.1" (invalid HTTP version)`],
  'answers without end': [(socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`), 'sent more than 8192 bytes of headers'],
};

for (const [name, [behave, expected]] of Object.entries(ANSWERS)) {
  const skip = name.includes('resets') && !canReset && 'this Node.js cannot reset a connection';
  test(`a proxy that ${name}: UNAVAILABLE at once, with what it said`, { ...LIMIT, skip }, async (t) => {
    const at = await rawProxy(t, behave);
    const error = await failureOf(through(t, at).publish({}));
    assert.equal(error.code, 14);
    const start = `No connection established to ${TARGET}: the proxy http://${at} `;
    if (expected instanceof RegExp) assert.match(error.details, expected);
    else assert.equal(error.details, start + expected);
    assert.ok(error.details.startsWith(start), error.details);
  });
}

test('a proxy that wants credentials and gets none: UNAVAILABLE, saying so', LIMIT, async (t) => {
  const proxy = await startProxy(t, { credentials: 'me:s3cret' });
  const client = createClient('webrtc', TARGET, { proxy: proxy.url });
  t.after(() => client.close());
  await assert.rejects(client.publish({}), {
    code: 14,
    details: `No connection established to ${TARGET}: the proxy ${proxy.url} refused: HTTP/1.1 407 Proxy Authentication Required: it wants a user and a password`,
  });
});

test('a target that the proxy cannot reach: UNAVAILABLE with the proxy\'s answer', LIMIT, async (t) => {
  const proxy = await startProxy(t);
  const target = `127.0.0.1:${await freePort()}`;
  const error = await failureOf(through(t, proxy.at, target).publish({}));
  assert.equal(error.code, 14);
  assert.equal(error.details, `No connection established to ${target}: the proxy ${proxy.url} could not connect to the target: HTTP/1.1 502 Bad Gateway`);
});

test('nobody at the proxy\'s address, or a name that is none: UNAVAILABLE, naming the proxy', LIMIT, async (t) => {
  const at = `127.0.0.1:${await freePort()}`;
  const refused = await failureOf(through(t, at).publish({}));
  assert.equal(refused.code, 14);
  assert.match(refused.details, new RegExp(`^No connection established to ${TARGET}: the proxy http://${at}: connect ${at}: Connection refused`));
  const unknown = await failureOf(through(t, 'no-such-proxy.invalid:3128').publish({}));
  assert.equal(unknown.code, 14);
  assert.match(unknown.details, new RegExp(`^Name resolution failed for ${TARGET}: the proxy http://no-such-proxy.invalid:3128: `));
});

test('a proxy that accepts and says nothing: UNAVAILABLE at the deadline, for every kind of call', LIMIT, async (t) => {
  const at = await rawProxy(t, () => {});
  const client = through(t, at);
  const expected = (ms) => `No connection established to ${TARGET}: the proxy http://${at} did not answer within ${ms} ms`;
  // The second finds the attempt of the first under way; so does the third.
  const calls = [100, 150, 200].map((timeout) => failureOf(client.publish({}, { timeout, waitForReady: timeout === 200 })));
  const stream = record(client.listenToNotifications({}, { timeout: 120 }));
  const errors = await Promise.all(calls);
  assert.deepEqual(errors.map(({ code, details }) => [code, details]), [100, 150, 200].map((ms) => [14, expected(ms)]));
  const { status } = await stream;
  assert.deepEqual([status.code, status.details], [14, expected(120)]);
});

test('a proxy that drips: UNAVAILABLE at the deadline', LIMIT, async (t) => {
  const at = await rawProxy(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    const drip = setInterval(() => socket.write('x'), 5);
    socket.on('close', () => clearInterval(drip));
  });
  const error = await failureOf(through(t, at).publish({}, { timeout: 150 }));
  assert.deepEqual([error.code, error.details], [14, `No connection established to ${TARGET}: the proxy http://${at} did not answer within 150 ms`]);
});

test('a target that says nothing behind a proxy that has answered is not the proxy\'s fault: DEADLINE_EXCEEDED', LIMIT, async (t) => {
  let begun;
  const preface = new Promise((resolve) => (begun = resolve));
  const at = await rawProxy(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.once('data', begun);
  });
  const client = through(t, at);
  const first = new AbortController();
  const pending = client.publish({}, { signal: first.signal });
  await preface;
  const error = await failureOf(client.publish({}, { timeout: 50 }));
  first.abort();
  await assert.rejects(pending);
  assert.equal(error.code, 4);
  assert.match(error.details, new RegExp(`while connecting to ${TARGET}`));
});

const BEHIND = {
  'closes': ['', /closed/],
  'speaks HTTP/1': ['HTTP/1.1 400 Bad Request\r\n\r\n', /HTTP\/1, so that port is no gRPC server/],
  'sends garbage': ['garbage '.repeat(20), /does not speak HTTP\/2/],
};

for (const [name, [says, expected]] of Object.entries(BEHIND)) {
  test(`a target that ${name} behind the proxy: UNAVAILABLE, naming both`, LIMIT, async (t) => {
    const at = await rawProxy(t, (socket) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${says}`));
    const error = await failureOf(through(t, at).publish({}));
    assert.equal(error.code, 14);
    assert.ok(error.details.startsWith(`No connection established to ${TARGET} through the proxy http://${at}: `), error.details);
    assert.match(error.details, expected);
  });
}

test('a client that waits for readiness comes through when the proxy changes its mind', LIMIT, async (t) => {
  const server = new Server().addService('webrtc', { publish: async (call) => ({ id: call.request.id }) });
  t.after(() => server.stop({ graceMs: 0 }));
  const target = `127.0.0.1:${await server.listen('127.0.0.1:0')}`;
  let left = 2;
  const proxy = await startProxy(t, {
    answer: (socket, tunnel) => (left-- > 0 ? socket.end('HTTP/1.1 503 Not now\r\n\r\n') : tunnel()),
  });
  const client = through(t, proxy.at, target);
  await assert.rejects(client.publish({}), { code: 14 });
  assert.deepEqual(await client.publish({ id: 'at last' }, { waitForReady: true }), { id: 'at last' });
  assert.equal(proxy.asked.length, 3);
});

test('a bad URL of a proxy is a TypeError of createClient and startClient', () => {
  assert.throws(() => createClient('webrtc', TARGET, { proxy: 'https://me:s3cret@h:1' }), {
    name: 'TypeError',
    message: 'client: option proxy has the scheme https, and only http proxies are supported: expected http://host:port or http://user:password@host:port',
  });
  const env = { GRPC_ARG_HTTP_PROXY: '1', https_proxy: 'http://me:s3cret@' };
  assert.throws(() => withEnvironment(env, () => startClient('webrtc', TARGET)), {
    name: 'TypeError',
    message: 'https_proxy has no valid host and port: expected http://host:port or http://user:password@host:port',
  });
});
