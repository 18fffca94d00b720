'use strict';

// `owt-grpc call` and `owt-grpc rpc`.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { Server, connectBus, startRegistry } = require('../..');
const grpcTools = require('../../lib/dropin/grpcTools');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { cluster, freePort, rpcServer } = require('../support/bus');
const { Running, owtGrpc } = require('../support/cli');

const limit = { timeout: 120_000 };

/** A webrtc and a quic service. */
async function serverOf(t, options) {
  const server = new Server(options);
  server.addService('webrtc', {
    async publish({ request }) {
      const { id, option } = request;
      if (id === 'no') throw Object.assign(new Error('not here'), { code: 5, details: 'not here' });
      return { id: option ? grpcTools.unpackOption('webrtc', option).controller : id };
    },
    subscribe() {},
    async *listenToNotifications({ request }) {
      yield grpcTools.packNotification({ type: 'webrtc', name: 'onMediaUpdate', data: { trackId: request.id, config: '{}' } });
      yield { type: 'webrtc', name: 'second' };
      if (request.id === 'for ever') await new Promise(() => {});
    },
  });
  server.addService('quic', {
    async *validateTokenCallback(call) {
      for await (const request of call) yield { id: request.id, ok: true };
    },
  });
  const port = await server.listen('127.0.0.1:0');
  t.after(() => server.stop({ graceMs: 0 }));
  return `localhost:${port}`;
}

test('call prints the reply of a method, by its proto name or as JavaScript has it', limit, async (t) => {
  const at = await serverOf(t);
  for (const name of ['publish', 'Publish']) {
    const { code, stdout } = await owtGrpc(t, ['call', 'webrtc', at, name, '{"id": "p1"}']);
    assert.deepEqual([code, stdout], [0, '{\n  "id": "p1"\n}\n']);
  }
  const piped = await owtGrpc(t, ['call', 'webrtc', at, 'publish', '-', '--json'], { input: '{"id": "p2"}' });
  assert.deepEqual([piped.code, piped.stdout], [0, '{"id":"p2"}\n']);
});

test('call packs an option by its "@type", and unpacks what comes packed', limit, async (t) => {
  const at = await serverOf(t);
  const option = '{"option": {"@type": "owt.RequestOption", "controller": "c1"}}';
  assert.equal((await owtGrpc(t, ['call', 'webrtc', at, 'publish', option, '--json'])).stdout, '{"id":"c1"}\n');
  const { code, stdout } = await owtGrpc(t, ['call', 'webrtc', at, 'listenToNotifications', '{"id": "t1"}']);
  const [first, second, ...rest] = stdout.trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual([code, first.data['@type'], first.data.trackId, second.name, rest], [0, 'owt.MediaUpdateData', 't1', 'second', []]);
  const unknown = await owtGrpc(t, ['call', 'webrtc', at, 'publish', '{"option": {"@type": "owt.No"}}']);
  assert.deepEqual([unknown.code, /"owt\.No" is no message of webrtc/.test(unknown.stderr)], [2, true]);
});

test('a stream without end goes on until it is interrupted', limit, async (t) => {
  const at = await serverOf(t);
  const call = new Running(t, ['call', 'webrtc', at, 'listenToNotifications', '{"id": "for ever"}']);
  await call.lineThat((line) => JSON.parse(line).name === 'second');
  assert.equal(await call.end('SIGINT'), 0);
});

test('a method that takes a stream takes an array', limit, async (t) => {
  const at = await serverOf(t);
  const { code, stdout, stderr } = await owtGrpc(t, ['call', 'quic', at, 'validateTokenCallback', '[{"id": "a"}, {"id": "b"}]']);
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trim().split('\n').length, 2);
});

test('a call that fails gives its code, and 1', limit, async (t) => {
  const at = await serverOf(t);
  const { code, stderr } = await owtGrpc(t, ['call', 'webrtc', at, 'publish', '{"id": "no"}']);
  assert.deepEqual([code, stderr], [1, 'owt-grpc call: 5 NOT_FOUND: not here\n']);
  const json = await owtGrpc(t, ['call', 'webrtc', at, 'publish', '{"id": "no"}', '--json']);
  assert.deepEqual([json.code, JSON.parse(json.stdout)], [1, { error: { code: 5, name: 'NOT_FOUND', details: 'not here' } }]);
  const slow = await owtGrpc(t, ['call', 'webrtc', at, 'subscribe', '--timeout', '50']);
  assert.deepEqual([slow.code, /4 DEADLINE_EXCEEDED/.test(slow.stderr)], [1, true]);
  const nobody = await owtGrpc(t, ['call', 'webrtc', `127.0.0.1:${await freePort()}`, 'publish']);
  assert.deepEqual([nobody.code, /14 UNAVAILABLE.*refused/.test(nobody.stderr)], [1, true]);
});

test('what is not known is told with what is', limit, async (t) => {
  for (const [args, expected] of [
    [['webrtx', 'a:1', 'publish'], /there is no type webrtx \(known types: .*webrtc.*clusterManager/],
    [['webrtc', 'a:1', 'publsh'], /webrtc has no method publsh; did you mean publish\?; its methods are .*listenToNotifications/],
    [['internal', 'a:1', 'x'], /messages only/],
    [['webrtc', 'a', 'publish'], /expected host:port/],
    [['webrtc', 'a:1', 'publish', '{'], /the request is no JSON/],
    [['webrtc', 'a:1', 'publish', '[]'], /takes one request/],
    [['webrtc', 'a:1'], /<method> is missing/],
    [['webrtc', 'a:1', 'publish', '{}', 'x'], /5 arguments/],
  ]) {
    const { code, stderr } = await owtGrpc(t, ['call', ...args]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, expected);
  }
});

test('call talks TLS by OWT\'s variables', { ...limit, skip: !hasOpenssl && 'needs openssl' }, async (t) => {
  const shop = new Workshop(t).good();
  const at = await serverOf(t, { tls: { ca: shop.file('ca.crt'), cert: shop.file('server.crt'), key: shop.file('server.key') } });
  const { code, stdout, stderr } = await owtGrpc(t, ['call', 'webrtc', at, 'publish', '{"id": "tls"}', '--json'], { env: shop.environment(), cwd: shop.folder });
  assert.deepEqual([code, stdout], [0, '{"id":"tls"}\n'], stderr);
  const half = await owtGrpc(t, ['call', 'webrtc', at, 'publish'], { env: { OWT_GRPC_SSL: '1' } });
  assert.deepEqual([half.code, /OWT_GRPC_ROOT_CERT/.test(half.stderr)], [1, true]);
});

test('rpc prints the reply of a handler, in both styles', limit, async (t) => {
  const { options, join } = await cluster(t);
  const client = await join();
  await rpcServer(client, 'old', {
    echo: (value, reply) => reply('callback', value),
    fails: (reply) => reply('callback', 'error', 'no such room'),
    throws() {
      throw new Error('broken');
    },
    silent() {},
  });
  const at = ['--registry', `127.0.0.1:${options.port}`];
  const bus = await connectBus({ registry: at[1] });
  t.after(() => bus.close());
  await bus.serve('new', { add: (a, b) => a + b });
  const sum = await owtGrpc(t, ['rpc', 'new', 'add', '[1, 2]', ...at]);
  assert.deepEqual([sum.code, sum.stdout], [0, '3\n'], sum.stderr);
  const echo = await owtGrpc(t, ['rpc', 'old', 'echo', '-', ...at, '--json'], { input: '[{"a": 1}]' });
  assert.deepEqual([echo.code, echo.stdout], [0, '{"data":{"a":1}}\n']);
  for (const [id, method, expected] of [
    ['old', 'fails', /HANDLER: old\.fails: no such room/],
    ['old', 'throws', /HANDLER: old\.throws: .*broken/],
    ['old', 'nothing', /Not support method/],
    ['old', 'silent', /TIMEOUT: old\.silent: no reply from/],
    ['odl', 'echo', /UNKNOWN_ID: nobody serves odl; did you mean old\?; served are new, old/],
  ]) {
    const { code, stderr } = await owtGrpc(t, ['rpc', id, method, ...at, '--timeout', '500']);
    assert.equal(code, 1, stderr);
    assert.match(stderr, expected);
  }
  const json = await owtGrpc(t, ['rpc', 'old', 'fails', ...at, '--json']);
  assert.deepEqual([json.code, JSON.parse(json.stdout)], [1, { error: { code: 'HANDLER', message: 'old.fails: no such room' } }]);
});

test('rpc refuses arguments that are no array', limit, async (t) => {
  const registry = await startRegistry({ listen: '127.0.0.1:0' });
  t.after(() => registry.stop());
  for (const [text, expected] of [['{}', /must be a JSON array/], ['[', /is no JSON/]]) {
    const { code, stderr } = await owtGrpc(t, ['rpc', 'a', 'b', text, '--registry', `127.0.0.1:${registry.port}`]);
    assert.equal(code, 2);
    assert.match(stderr, expected);
  }
});
