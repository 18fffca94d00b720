'use strict';

// Calls through a real proxy, to servers of both kinds.

const assert = require('node:assert').strict;
const { once } = require('node:events');
const os = require('node:os');
const { inspect } = require('node:util');
const { test } = require('node:test');
const { Server, connectBus, createClient } = require('../..');
const { startClient } = require('../../lib/dropin/grpcTools');
const { freePort } = require('../support/bus');
const { ask, ours, theirs } = require('../support/grpc/peers');
const { startProxy, withEnvironment } = require('../support/net/connect-proxy');

const LIMIT = { timeout: 20_000 };
const hasIPv6 = Object.values(os.networkInterfaces()).flat().some((found) => found.address === '::1');
const IPV6 = { ...LIMIT, skip: !hasIPv6 && 'no ::1 on this machine' };

/** What both implementations serve. */
const impl = {
  publish: (call, callback) => callback(null, { id: call.request.id }),
  listenToNotifications(call) {
    for (const name of ['one', 'two', 'three']) call.write({ name });
    call.end();
  },
};

async function serve(t, side = ours, handlers = impl) {
  const serving = await side.serve('webrtc', handlers);
  t.after(() => serving.stop());
  return serving.port;
}

/** A client of createClient with the option, or of startClient with the environment. */
function open(t, { target, proxy, env }) {
  const client = env ? withEnvironment(env, () => startClient('webrtc', target)) : createClient('webrtc', target, { proxy });
  t.after(() => client.close());
  return client;
}

for (const side of [ours, theirs]) {
  test(`unary calls and streams go through the proxy, on one tunnel (server: ${side.name})`, LIMIT, async (t) => {
    const target = `127.0.0.1:${await serve(t, side)}`;
    const proxy = await startProxy(t);
    const client = open(t, { target, env: { GRPC_ARG_HTTP_PROXY: '1', http_proxy: proxy.url } });
    const ids = Array.from({ length: 100 }, (_, n) => String(n));
    const replies = await Promise.all(ids.map((id) => client.publish({ id })));
    assert.deepEqual(replies.map(({ id }) => id), ids);
    const names = [];
    for await (const { name } of client.listenToNotifications({})) names.push(name);
    assert.deepEqual(names, ['one', 'two', 'three']);
    assert.deepEqual(proxy.asked, [{ line: `CONNECT ${target}`, host: target, authorization: undefined }]);
  });
}

test('messages of 5 MiB pass both ways', LIMIT, async (t) => {
  const server = new Server({ maxMessageBytes: 8 << 20 }).addService('webrtc', impl);
  t.after(() => server.stop({ graceMs: 0 }));
  const target = `127.0.0.1:${await server.listen('127.0.0.1:0')}`;
  const proxy = await startProxy(t);
  const client = createClient('webrtc', target, { proxy: proxy.url, maxMessageBytes: 8 << 20 });
  t.after(() => client.close());
  const id = 'x'.repeat(5 << 20);
  assert.ok((await client.publish({ id })).id === id);
  assert.equal(proxy.asked.length, 1);
});

test('the proxy resolves the name of the target, and the server sees the name as it was given', LIMIT, async (t) => {
  let authority;
  const port = await serve(t, theirs, {
    publish(call, callback) {
      authority = call.getHost();
      callback(null, {});
    },
  });
  const target = `agent.invalid:${port}`;
  const proxy = await startProxy(t, { names: { 'agent.invalid': '127.0.0.1' } });
  await open(t, { target, proxy: proxy.url }).publish({});
  assert.equal(authority, target);
  assert.equal(proxy.asked[0].line, `CONNECT ${target}`);
});

test('the proxy is asked what grpc-js asks it, and the server sees the same authority', LIMIT, async (t) => {
  const seen = [];
  const port = await serve(t, theirs, {
    publish(call, callback) {
      seen.push(call.getHost());
      callback(null, {});
    },
  });
  const proxy = await startProxy(t, { credentials: 'us er:p@ss:wörd' });
  const url = `http://us%20er:p%40ss%3Aw%C3%B6rd@${proxy.at}`;
  for (const variable of ['grpc_proxy', 'https_proxy', 'http_proxy']) {
    const env = { GRPC_ARG_HTTP_PROXY: '1', [variable]: url };
    const client = withEnvironment(env, () => theirs.client('webrtc', port));
    t.after(() => client.close());
    assert.equal((await ask(client, 'publish', {})).error, null);
    await open(t, { target: `127.0.0.1:${port}`, env }).publish({});
  }
  const [first, ...others] = proxy.asked;
  for (const other of others) assert.deepEqual(other, first);
  // Ours share one channel: equal proxies are one, whichever variable names them.
  assert.equal(proxy.asked.length, 3 + 1);
  assert.deepEqual(new Set(seen), new Set([`127.0.0.1:${port}`]));
});

test('user and password are decoded, sent as Basic, and shown nowhere', LIMIT, async (t) => {
  const target = `127.0.0.1:${await serve(t)}`;
  const proxy = await startProxy(t, { credentials: 'me:s%cr:et' });
  const client = open(t, { target, proxy: `http://me:s%25cr%3Aet@${proxy.at}/` });
  assert.deepEqual(await client.publish({ id: 'a' }), { id: 'a' });
  assert.doesNotMatch(inspect(client, { showHidden: true, depth: 20 }), /s%25cr|s%cr/);
});

test('clients of one target through different proxies, or as different users, share no tunnel', LIMIT, async (t) => {
  const target = `127.0.0.1:${await serve(t)}`;
  const [one, two] = [await startProxy(t), await startProxy(t)];
  for (const proxy of [one.url, one.url, `http://a:1@${one.at}`, `http://a:2@${one.at}`, two.url, false]) {
    await open(t, { target, proxy }).publish({});
  }
  assert.equal(one.asked.length, 3);
  assert.equal(two.asked.length, 1);
});

test('a target that no_proxy names, an unset or 0 GRPC_ARG_HTTP_PROXY, and false go straight', LIMIT, async (t) => {
  const target = `127.0.0.1:${await serve(t)}`;
  const proxy = await startProxy(t);
  const http_proxy = proxy.url;
  for (const env of [
    { http_proxy },
    { http_proxy, GRPC_ARG_HTTP_PROXY: '0' },
    { http_proxy, GRPC_ARG_HTTP_PROXY: '1', no_proxy: 'a.example,127.0.0.1' },
    { http_proxy, GRPC_ARG_HTTP_PROXY: '1', no_proxy: 'a.example', no_grpc_proxy: '127.0.0.0/8' },
  ]) {
    await open(t, { target, env }).publish({});
  }
  const env = { http_proxy, GRPC_ARG_HTTP_PROXY: '1' };
  const client = withEnvironment(env, () => open(t, { target, proxy: false }));
  await client.publish({});
  assert.deepEqual(proxy.asked, []);
});

test('an IPv6 target is named in brackets, where grpc-js leaves them out', IPV6, async (t) => {
  const server = new Server().addService('webrtc', impl);
  t.after(() => server.stop({ graceMs: 0 }));
  const target = `[::1]:${await server.listen('[::1]:0')}`;
  const proxy = await startProxy(t);
  assert.deepEqual(await open(t, { target, proxy: proxy.url }).publish({ id: 'six' }), { id: 'six' });
  assert.deepEqual(proxy.asked, [{ line: `CONNECT ${target}`, host: target, authorization: undefined }]);
});

test('a proxy may be an IPv6 address', IPV6, async (t) => {
  const target = `127.0.0.1:${await serve(t)}`;
  const proxy = await startProxy(t, { host: '::1' });
  await open(t, { target, proxy: proxy.url }).publish({});
  assert.equal(proxy.asked.length, 1);
});

test('a proxy that goes away ends its calls with UNAVAILABLE, and the next call makes a new tunnel', LIMIT, async (t) => {
  const port = await serve(t, ours, { ...impl, listenToNotifications: (call) => call.write({ name: 'first' }) });
  const target = `127.0.0.1:${port}`;
  const proxy = await startProxy(t, { credentials: 'me:secret' });
  const client = open(t, { target, proxy: `http://me:secret@${proxy.at}` });
  const stream = client.listenToNotifications({});
  await once(stream, 'data');
  const failed = once(stream, 'error');
  proxy.cut();
  const [error] = await failed;
  assert.equal(error.code, 14);
  assert.match(error.message, new RegExp(`Connection dropped: ${target} through the proxy ${proxy.url}`));
  assert.deepEqual(await client.publish({ id: 'again' }), { id: 'again' });
  assert.equal(proxy.asked.length, 2);
});

test('the links of the bus go straight, whatever the variables say', LIMIT, async (t) => {
  const proxy = await startProxy(t);
  const registry = `127.0.0.1:${await freePort()}`;
  const env = { GRPC_ARG_HTTP_PROXY: '1', http_proxy: proxy.url };
  const buses = [];
  t.after(() => Promise.all(buses.map((bus) => bus.close())));
  for (let n = 0; n < 2; n++) buses.push(await withEnvironment(env, () => connectBus({ registry })));
  await buses[0].serve('x', { echo: (value) => value });
  assert.equal(await buses[1].call('x', 'echo', [5]), 5);
  assert.deepEqual(proxy.asked, []);
});
