'use strict';

// TLS for tests: sides of ours and of Node's own TLS, the log, the environment.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');
const net = require('node:net');
const tls = require('node:tls');
const { Server, createClient, setLogger } = require('../../..');

/**
 * Node's peers may be worse than ours: what they have is ours to refuse. Before
 * Node.js 16 a list without a suite of TLS 1.3 is a list without TLS 1.3.
 */
const WORST = { ciphers: 'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:ALL:@SECLEVEL=0', minVersion: 'TLSv1.2', ALPNProtocols: ['h2'] };

/** Files of a workshop as option `tls`. */
const pairOf = (shop, name, ca = 'ca') => ({ ca: shop.file(`${ca}.crt`), cert: shop.file(`${name}.crt`), key: shop.file(`${name}.key`) });

/** Everything that is logged in this process, from now on. */
function logOf(level = 'info') {
  const lines = [];
  const add = (text) => lines.push(text);
  setLogger({ error: add, warn: add, info: add, debug: add }, level);
  return lines;
}

/** A server of ours that echoes, ended with the test. */
async function serve(t, option, impl = {}) {
  const server = new Server(option === undefined ? {} : { tls: option });
  server.addService('webrtc', { publish: async (call) => ({ id: call.request.id }), ...impl });
  const port = await server.listen('127.0.0.1:0');
  t.after(() => server.stop({ graceMs: 0 }));
  return { server, port };
}

/** One call on a client of its own: its reply's id, or its error. */
async function callOnce(port, option, { host = 'localhost', timeout = 15_000, proxy } = {}) {
  const client = createClient('webrtc', `${host}:${port}`, { ...(option === undefined ? {} : { tls: option }), ...(proxy && { proxy }) });
  try {
    const { id } = await client.publish({ id: 'over TLS' }, { timeout });
    return id;
  } catch (error) {
    return error;
  } finally {
    client.close();
  }
}

/**
 * A server of Node's TLS that speaks HTTP/2, with whatever certificate. Counts what
 * came through. `secured` is called with each connection after its handshake,
 * `answer` with each request.
 */
async function nodeServer(t, options, { secured = () => {}, answer = respond } = {}) {
  const served = { sessions: 0, requests: 0, serials: [] };
  const server = http2.createSecureServer({ ...WORST, ...options });
  const sockets = new Set();
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    sockets.add(socket);
  });
  server.on('session', (session) => {
    served.sessions += 1;
    served.serials.push(session.socket.getPeerCertificate?.().serialNumber);
    session.on('error', () => {});
  });
  server.on('stream', (stream) => {
    served.requests += 1;
    stream.on('error', () => {});
    answer(stream);
  });
  server.on('secureConnection', secured);
  server.on('tlsClientError', () => {});
  server.on('sessionError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  });
  return { port: server.address().port, served, cut: () => sockets.forEach((socket) => socket.destroy()) };
}

/** No reply, but an answer. */
function respond(stream) {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' }, { endStream: true });
}

/** What the files of a pair have in them, for Node's TLS. */
function contents(shop, name) {
  return { ca: fs.readFileSync(shop.file('ca.crt')), cert: fs.readFileSync(shop.file(`${name}.crt`)), key: fs.readFileSync(shop.file(`${name}.key`)) };
}

/** A client of Node's TLS with whatever certificate: resolves when it is over, with how. */
function nodeClient(port, options) {
  return new Promise((resolve) => {
    const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ...WORST, ...options });
    let error;
    socket.on('error', (why) => (error = why));
    socket.on('close', () => resolve(error));
    // A server that says anything in HTTP/2 has accepted.
    socket.on('data', () => {
      socket.destroy();
      resolve('accepted');
    });
    socket.on('secureConnect', () => socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'));
  });
}

/** Serial number of the certificate that a server shows now. */
function serialAt(port, { cert, key } = {}) {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'], cert, key });
    socket.on('error', reject);
    socket.on('secureConnect', () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
  });
}

/** A plain TCP server that does something with each connection. */
async function rawServer(t, behave) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    behave(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  });
  return server.address().port;
}

/** An HTTP proxy that takes every name for this machine's: its URL. */
async function proxyHome(t) {
  const sockets = new Set();
  const follow = (socket) => sockets.add(socket.on('error', () => {}));
  const server = http.createServer();
  server.on('connect', ({ url }, socket, early) => {
    const upstream = net.connect(Number(url.slice(url.lastIndexOf(':') + 1)), '127.0.0.1');
    [socket, upstream].forEach(follow);
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    upstream.write(early);
    socket.pipe(upstream).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** `openssl s_server` on a free port, with what it prints; ended with the test. */
async function opensslServer(t, shop, args) {
  const child = spawn('openssl', ['s_server', '-accept', '127.0.0.1:0', ...args], { cwd: shop.folder, stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const printed = { text: '' };
  child.stderr.on('data', (chunk) => (printed.text += chunk));
  const port = await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      printed.text += chunk;
      const found = /ACCEPT 127\.0\.0\.1:(\d+)/.exec(printed.text);
      if (found) resolve(Number(found[1]));
    });
    child.on('close', () => reject(new Error(`openssl s_server: ${printed.text}`)));
  });
  return { port, printed, child };
}

/** What `openssl s_client` prints until it has ended. It ends when stdin does, or when it is refused. */
async function opensslClient(shop, port, args) {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', ...args], { cwd: shop.folder });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk));
  child.stdin.on('error', () => {});
  child.stdin.end();
  await once(child, 'close');
  return printed;
}

/** Runs something synchronous with other environment variables. */
function withEnvironment(changes, body) {
  const before = { ...process.env };
  Object.assign(process.env, changes);
  try {
    return body();
  } finally {
    for (const name of Object.keys(changes)) {
      if (name in before) process.env[name] = before[name];
      else delete process.env[name];
    }
  }
}

/** What something throws, or rejects with. */
async function failureOf(body) {
  try {
    await body();
  } catch (error) {
    return error;
  }
  throw new Error('it has not failed');
}

module.exports = { callOnce, contents, failureOf, logOf, nodeClient, nodeServer, opensslClient, opensslServer, pairOf, proxyHome, rawServer, serialAt, serve, withEnvironment };
