'use strict';

// Peers that are not what they should be, on both sides: real sockets.

const assert = require('node:assert').strict;
const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');
const { test } = require('node:test');
const { Server, createClient, setLogger } = require('../..');
const { canReset } = require('../support/net/sockets');

const LIMIT = { timeout: 30_000 };

async function listening(t, server) {
  t.after(() => {
    server.closeAllConnections?.();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

/** A raw TCP server that does this with each connection. */
const raw = (behave) =>
  net.createServer((socket) => {
    socket.on('error', () => {});
    behave(socket);
  });

function selfSigned() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-test-'));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost'];
  execFileSync('openssl', args, { stdio: 'ignore' });
  const pair = { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
  fs.rmSync(folder, { recursive: true });
  return pair;
}

/** What listens in place of a gRPC server, and what the caller is told. */
const NO_SERVERS = {
  'speaks HTTP/1': [() => http.createServer((_, response) => response.end('hello')), /HTTP\/1, so that port is no gRPC server: check host and port/],
  'speaks TLS': [() => tls.createServer(selfSigned()), /speaks TLS and this side does not|as one does that expects TLS/],
  'sends garbage': [() => raw((socket) => socket.write('garbage '.repeat(20))), /does not speak HTTP\/2, check host and port/],
  'closes at once': [() => raw((socket) => socket.destroy()), /the peer closed the connection/],
  'ends at once': [() => raw((socket) => socket.end()), /closed/],
};

for (const [name, [make, expected]] of Object.entries(NO_SERVERS)) {
  test(`a peer that ${name} where a server should be: UNAVAILABLE, naming it and what it is`, LIMIT, async (t) => {
    const port = await listening(t, make());
    const client = createClient('webrtc', `127.0.0.1:${port}`);
    t.after(() => client.close());
    await assert.rejects(client.publish({}), (error) => {
      assert.equal(error.code, 14);
      assert.match(error.message, new RegExp(`No connection established to 127.0.0.1:${port}: `));
      assert.match(error.message, expected);
      return true;
    });
  });
}

test('a peer that accepts and says nothing: the deadline holds, naming it', LIMIT, async (t) => {
  const port = await listening(t, raw(() => {}));
  const client = createClient('webrtc', `127.0.0.1:${port}`);
  t.after(() => client.close());
  await assert.rejects(client.publish({}, { timeout: 200 }), new RegExp(`4 DEADLINE_EXCEEDED: .* while connecting to 127.0.0.1:${port}`));
});

/** What an HTTP/2 server that is no gRPC server answers, and the status it gives. */
const NO_GRPC = {
  'answers 404': [(stream) => stream.respond({ ':status': 404 }, { endStream: true }), 12, /not gRPC \(HTTP status 404\)$/],
  'answers 413 and names itself': [(stream) => stream.respond({ ':status': 413, server: 'nginx/1.22.1' }, { endStream: true }), 2, /not gRPC \(HTTP status 413, from nginx\/1\.22\.1\)$/],
  'answers 503 with a name without end': [(stream) => stream.respond({ ':status': 503, server: 'x'.repeat(5000) }, { endStream: true }), 14, /not gRPC \(HTTP status 503, from x{80}\)$/],
  'answers 503': [(stream) => stream.respond({ ':status': 503 }, { endStream: true }), 14],
  'answers 200 with HTML': [(stream) => { stream.respond({ ':status': 200, 'content-type': 'text/html' }); stream.end('<p>'); }, 2],
  'ends without a status': [(stream) => { stream.respond({ ':status': 200, 'content-type': 'application/grpc' }); stream.end(); }, 2, /ended the call without a status: a balancer's timeout does this$/],
  'gives a status that is no number': [(stream) => stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': 'x' }, { endStream: true }), 2],
  'gives success and no reply': [(stream) => stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' }, { endStream: true }), 12],
  'resets the stream': [(stream) => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR), 13],
  'cuts a message short': [(stream) => { stream.respond({ ':status': 200, 'content-type': 'application/grpc' }); stream.end(Buffer.from([0, 0, 0, 0, 9, 1])); }, 13],
  'announces a message of 4 GB': [(stream) => { stream.respond({ ':status': 200, 'content-type': 'application/grpc' }); stream.write(Buffer.from([0, 255, 255, 255, 255, 1])); }, 8],
  'compresses without saying how': [(stream) => { stream.respond({ ':status': 200, 'content-type': 'application/grpc' }); stream.end(Buffer.from([1, 0, 0, 0, 1, 1])); }, 13],
  'compresses with what is not known here': [(stream) => { stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-encoding': 'br' }); stream.end(Buffer.from([1, 0, 0, 0, 1, 1])); }, 13, /unsupported encoding "br"/],
  'replies with bytes that are no message': [(stream) => { stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true }); stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' })); stream.end(Buffer.from([0, 0, 0, 0, 2, 10, 200])); }, 13],
};

for (const [name, [answer, code, details = /./]] of Object.entries(NO_GRPC)) {
  test(`a server that ${name} fails the call with a status that says so`, LIMIT, async (t) => {
    const server = http2.createServer().on('stream', (stream) => {
      stream.on('error', () => {});
      answer(stream);
    });
    const sessions = new Set();
    server.on('session', (session) => sessions.add(session));
    t.after(() => sessions.forEach((session) => session.destroy()));
    const port = await listening(t, server);
    const client = createClient('webrtc', `127.0.0.1:${port}`);
    t.after(() => client.close());
    await assert.rejects(client.publish({}, { timeout: 10_000 }), (error) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.details, details);
      return true;
    });
  });
}

/** A server of ours, its log, and a client that checks that it still serves. */
async function serve(t, impl = {}) {
  const logged = [];
  setLogger({ warn: (text) => logged.push(text) });
  const server = new Server().addService('webrtc', { publish: async (call) => ({ id: call.request.id }), ...impl });
  const port = await server.listen('127.0.0.1:0');
  const client = createClient('webrtc', `127.0.0.1:${port}`);
  t.after(async () => {
    setLogger(null);
    client.close();
    await server.stop({ graceMs: 0 });
  });
  const goesOn = async () => assert.equal((await client.publish({ id: 'goes on' })).id, 'goes on');
  return { port, goesOn, logged };
}

/** Sends bytes and waits until the server has closed the connection. */
async function say(port, bytes) {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {}).resume();
  socket.write(bytes);
  // Not `once`: an error before it is as good.
  await new Promise((resolve) => socket.on('close', resolve));
}

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** What comes to a server's port that is no gRPC, and what its log says. */
const NO_CLIENTS = {
  'asks in HTTP/1': [(port) => once(http.get({ port, host: '127.0.0.1' }), 'error'), /asks in HTTP\/1, and this port serves gRPC, which is HTTP\/2: use a gRPC client/],
  'speaks TLS': [(port) => once(tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }), 'error'), /speaks TLS and this side does not/],
  'sends garbage': [(port) => say(port, 'garbage '.repeat(20)), /does not keep to HTTP\/2/],
  'sends garbage behind a good start': [(port) => say(port, PREFACE + 'x'.repeat(100)), /does not keep to HTTP\/2/],
};

for (const [name, [come, expected]] of Object.entries(NO_CLIENTS)) {
  test(`a peer that ${name} is turned away and logged with both ends, and the server goes on`, LIMIT, async (t) => {
    const { port, goesOn, logged } = await serve(t);
    await come(port);
    await goesOn();
    const line = logged.find((text) => expected.test(text));
    assert.ok(line, `${logged}`);
    assert.match(line, new RegExp(`owt-grpc: connection from 127.0.0.1:\\d+ to port ${port}`));
  });
}

test('peers that connect and leave, or stay and say nothing, cost nobody anything', LIMIT, async (t) => {
  const { port, goesOn, logged } = await serve(t);
  const silent = net.connect(port, '127.0.0.1');
  t.after(() => silent.destroy());
  for (let n = 0; n < 50; n++) {
    const socket = net.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    if (n % 2 || !canReset) socket.destroy();
    else socket.resetAndDestroy();
  }
  await goesOn();
  assert.deepEqual(logged, []);
});

/** Requests in good HTTP/2 that are bad gRPC: headers, body, expected answer. */
const PATH = '/owt.WebRTCAgent/Publish';
const EMPTY = Buffer.from([0, 0, 0, 0, 0]);
const BAD_REQUESTS = {
  'is a GET': [{ ':method': 'GET' }, null, { ':status': 405 }],
  'has no content type': [{ 'content-type': undefined }, EMPTY, { ':status': 415 }],
  'is JSON': [{ 'content-type': 'application/json' }, Buffer.from('{}'), { ':status': 415 }],
  'asks for a path that does not exist': [{ ':path': '/owt.WebRTCAgent/Nothing' }, EMPTY, { 'grpc-status': '12' }],
  'has no message': [{}, Buffer.alloc(0), { 'grpc-status': '13' }],
  'cuts its message short': [{}, Buffer.from([0, 0, 0, 0, 9, 1]), { 'grpc-status': '13' }],
  'announces a message of 4 GB': [{}, Buffer.from([0, 255, 255, 255, 255, 1]), { 'grpc-status': '8' }],
  'compresses without saying how': [{}, Buffer.from([1, 0, 0, 0, 1, 1]), { 'grpc-status': '13' }],
  'is compressed, and broken': [{ 'grpc-encoding': 'gzip' }, Buffer.from([1, 0, 0, 0, 3, 1, 2, 3]), { 'grpc-status': '13' }],
  'is compressed in a way that is not known here': [{ 'grpc-encoding': 'br' }, Buffer.from([1, 0, 0, 0, 1, 1]), { 'grpc-status': '12', 'grpc-accept-encoding': 'identity,deflate,gzip', 'grpc-message': 'Received a message with the unsupported encoding "br": identity, deflate and gzip are supported' }],
  'names an encoding and does not use it': [{ 'grpc-encoding': 'br' }, EMPTY, { ':status': 200 }],
  'has bytes that are no message': [{}, Buffer.from([0, 0, 0, 0, 2, 10, 200]), { 'grpc-status': '13' }],
  'has two messages': [{}, Buffer.concat([EMPTY, EMPTY]), { 'grpc-status': '13' }],
  'has a timeout that is none': [{ 'grpc-timeout': 'soon' }, EMPTY, { ':status': 200 }],
};

for (const [name, [headers, body, expected]] of Object.entries(BAD_REQUESTS)) {
  test(`a request that ${name} is answered with what is wrong, and the server goes on`, LIMIT, async (t) => {
    const { port, goesOn } = await serve(t);
    const session = http2.connect(`http://127.0.0.1:${port}`);
    // The server is stopped first, which ends the session with an error.
    session.on('error', () => {});
    t.after(() => session.destroy());
    const sent = { ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc', te: 'trailers', ...headers };
    for (const [key, value] of Object.entries(sent)) if (value === undefined) delete sent[key];
    const request = session.request(sent);
    request.on('error', () => {});
    if (body !== null) request.end(body);
    const [answer] = await once(request, 'response');
    for (const [key, value] of Object.entries(expected)) assert.equal(answer[key], value, JSON.stringify(answer));
    await goesOn();
  });
}

test('a peer that stops reading a stream holds up its own stream only, and what waits for it is bounded', LIMIT, async (t) => {
  let told;
  const waits = new Promise((resolve) => (told = resolve));
  let gone;
  const closed = new Promise((resolve) => (gone = resolve));
  const { port, goesOn } = await serve(t, {
    listenToNotifications(call) {
      let written = 0;
      while (call.write({ name: 'x'.repeat(10_000) }) && written < 10_000) written++;
      told(written);
      call.on('close', gone);
    },
  });
  const session = http2.connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 65_535 } });
  session.on('error', () => {});
  const request = session.request({ ':method': 'POST', ':path': '/owt.WebRTCAgent/ListenToNotifications', 'content-type': 'application/grpc', te: 'trailers' });
  request.on('error', () => {});
  request.pause();
  request.end(EMPTY);
  const written = await waits;
  assert.ok(written < 1000, `${written} messages of 10 kB were taken for a peer that reads none`);
  await goesOn();
  session.destroy();
  await closed;
  await goesOn();
});

test('a handler that writes without end to a peer that does not read is ended with RESOURCE_EXHAUSTED', LIMIT, async (t) => {
  let told;
  const refused = new Promise((resolve) => (told = resolve));
  const { port, goesOn } = await serve(t, {
    listenToNotifications(call) {
      for (let n = 0; n <= 200_000 && !call.writableEnded; n++) call.write({ name: 'n' });
      told(call.writableEnded);
    },
  });
  const client = createClient('webrtc', `127.0.0.1:${port}`);
  t.after(() => client.close());
  const stream = client.listenToNotifications({});
  stream.resume();
  const [error] = await once(stream, 'error');
  assert.match(error.message, /8 RESOURCE_EXHAUSTED: The client does not read: 100000 messages wait for it/);
  assert.equal(await refused, true);
  await goesOn();
});
