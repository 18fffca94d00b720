'use strict';

// A real HTTP proxy that tunnels, and the environment that asks for one.

const http = require('node:http');
const net = require('node:net');
const { once } = require('node:events');

const VARIABLES = ['GRPC_ARG_HTTP_PROXY', 'grpc_proxy', 'https_proxy', 'http_proxy', 'no_grpc_proxy', 'no_proxy'];

/**
 * What `make` gives when the environment has these proxy variables and no others.
 *
 * @template Made
 * @param {Record<string, string>} env
 * @param {() => Made} make synchronous
 * @returns {Made}
 */
function withEnvironment(env, make) {
  const before = VARIABLES.map((name) => [name, process.env[name]]);
  for (const name of VARIABLES) delete process.env[name];
  Object.assign(process.env, env);
  try {
    return make();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/** @param {import('node:net').Server} server */
async function listenOn(server, host) {
  server.listen(0, host);
  await once(server, 'listening');
  return server.address().port;
}

/**
 * A proxy that ends with the test. `asked` has what it was asked for, in order.
 *
 * @param {import('node:test').TestContext} t
 * @param {object} [options]
 * @param {string} [options.host] where it listens
 * @param {string} [options.credentials] user:password that it insists on
 * @param {Record<string, string>} [options.names] names that only it can resolve
 * @param {boolean} [options.tls] what passes is TLS, in which the client speaks first
 * @param {(socket: import('node:net').Socket, tunnel: () => void) => void} [options.answer] in place of a tunnel
 */
async function startProxy(t, { host = '127.0.0.1', credentials, names = {}, tls = false, answer } = {}) {
  const asked = [];
  const sockets = new Set();
  const server = http.createServer();
  const follow = (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  };
  server.on('connection', follow);
  server.on('connect', ({ url, method, headers }, socket, early) => {
    asked.push({ line: `${method} ${url}`, host: headers.host, authorization: headers['proxy-authorization'] });
    const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
    if (expected && headers['proxy-authorization'] !== expected) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n');
      return;
    }
    const tunnel = () => {
      const colon = url.lastIndexOf(':');
      const name = url.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
      const upstream = net.connect(Number(url.slice(colon + 1)), names[name] ?? name);
      follow(upstream);
      upstream.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
      upstream.once('connect', () => {
        const open = (first) => {
          socket.write(Buffer.concat([Buffer.from('HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n'), first]));
          upstream.pipe(socket).on('close', () => upstream.destroy());
          upstream.on('close', () => socket.destroy());
        };
        // A gRPC server without TLS speaks first: its first bytes come with the answer.
        if (tls) open(Buffer.alloc(0));
        else upstream.once('data', open);
        upstream.write(early);
        socket.pipe(upstream);
      });
    };
    if (answer) answer(socket, tunnel);
    else tunnel();
  });
  const port = await listenOn(server, host);
  const cut = () => sockets.forEach((socket) => socket.destroy());
  t.after(() => {
    server.close();
    cut();
  });
  const at = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { asked, at, url: `http://${at}`, port, cut };
}

module.exports = { listenOn, startProxy, VARIABLES, withEnvironment };
