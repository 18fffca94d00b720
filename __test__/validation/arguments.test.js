'use strict';

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { Metadata, RpcError, Server, createClient, setLogger, startRegistry } = require('../..');
const { startClient, startServer, stopServer } = require('../../lib/dropin/grpcTools');
const { abortedSignal } = require('../support/grpc/signals');

const LIMIT = { timeout: 20_000 };
const impl = { publish: async (call) => ({ id: call.request.id }) };

/** A server and a client of ours that work, ended with the test. */
async function connect(t, options = {}) {
  const server = new Server(options.server).addService('webrtc', options.impl ?? impl);
  const port = await server.listen('127.0.0.1:0');
  const client = createClient('webrtc', `127.0.0.1:${port}`, options.client);
  t.after(async () => {
    client.close();
    await server.stop({ graceMs: 0 });
  });
  return { client, server, port };
}

test('a type that does not exist is named with those that do', () => {
  for (const type of ['vido', '', 'toString', '__proto__', null, 5, {}]) {
    assert.throws(() => createClient(type, 'localhost:1'), /Invalid proto type:.*known types: .*webrtc/, String(type));
    assert.throws(() => new Server().addService(type, {}), /Invalid proto type:.*known types: .*webrtc/, String(type));
  }
  assert.throws(() => createClient('internal', 'localhost:1'), /internal has messages only, no service/);
});

test('an implementation that is no object is refused', () => {
  for (const wrong of [null, undefined, 'x', 5]) {
    assert.throws(() => new Server().addService('webrtc', wrong), /addService\('webrtc'\): the implementation must be an object/);
  }
});

test('an option that does not exist, or is of the wrong kind, is named with what is expected', () => {
  assert.throws(() => createClient('webrtc', 'localhost:1', { keepAliveMs: 5 }), /client: option keepAliveMs is not known; the options are .*keepaliveMs/);
  assert.throws(() => new Server({ maxMessageByte: 5 }), /server: option maxMessageByte is not known/);
  for (const wrong of ['5', NaN, -2, 1.5, Infinity, {}]) {
    assert.throws(() => new Server({ maxMessageBytes: wrong }), /server: option maxMessageBytes must be a whole number/, String(wrong));
    assert.throws(() => createClient('webrtc', 'localhost:1', { maxPendingCalls: wrong }), /option maxPendingCalls must be a whole number from 1/);
  }
  assert.throws(() => createClient('webrtc', 'localhost:1', 'fast'), /client: options must be an object, not string/);
  assert.throws(() => setLogger('loud'), /setLogger: the logger must be an object/);
  assert.throws(() => setLogger(console, 'loud'), /level must be one of error, warn, info, debug, not loud/);
});

test('an address to listen on that is none is named with what is expected', LIMIT, async () => {
  for (const wrong of ['localhost', 'localhost:', ':80', '127.0.0.1:70000', 'a:b', -1, 65536, 1.5, null, {}]) {
    await assert.rejects(new Server().listen(wrong), /Cannot listen on ".*expected a port from 0 to 65535, or host:port/, String(wrong));
  }
  await assert.rejects(new Server().listen('192.0.2.1:0'), (error) => {
    assert.equal(error.code, 'EADDRNOTAVAIL');
    assert.match(error.message, /Cannot listen on 192.0.2.1:0: .*0.0.0.0 for all/);
    return true;
  });
  await assert.rejects(new Server().listen('no-such-host.invalid:0'), /Cannot listen on no-such-host.invalid:0/);
});

test('a port in use is named with what to do, and the server can then listen elsewhere', LIMIT, async (t) => {
  const { port } = await connect(t);
  const second = new Server().addService('webrtc', impl);
  await assert.rejects(second.listen(`127.0.0.1:${port}`), (error) => {
    assert.equal(error.code, 'EADDRINUSE');
    assert.match(error.message, new RegExp(`Cannot listen on 127.0.0.1:${port}: .*choose another port, or 0`));
    return true;
  });
  assert.ok((await second.listen('127.0.0.1:0')) > 0);
  await second.stop();
});

test('a port to listen on may be a text, as the environment has it', LIMIT, async (t) => {
  for (const address of ['0', 0, '127.0.0.1:0']) {
    const server = new Server().addService('webrtc', impl);
    t.after(() => server.stop());
    assert.ok((await server.listen(address)) > 0);
  }
  const port = await startServer('webrtc', impl, '0');
  assert.ok(port > 0);
  await stopServer(port);
  await assert.rejects(startRegistry({ listen: '5680' }), /startRegistry: option listen "5680" is a port without a host: write 127.0.0.1:5680/);
});

/** Addresses that are none, or another library's, and what is to be written. */
const TARGETS = {
  'http://h:80': /begins with http:\/\/: leave that out/,
  'https://h:80/': /begins with https:\/\/: leave that out, and use option tls/,
  'a:1,b:2': /is several addresses, and a client has one: write a name that stands for all/,
  'ipv4:10.0.0.1:80,10.0.0.2:80': /is several addresses/,
  'passthrough:///h:80': /passthrough:, which is for grpc-go: write what follows it/,
  'unix:/run/grpc.sock': /is a Unix socket, and only TCP is supported/,
  'xds:///service': /\(xDS\), which is not supported: write the server's own address/,
  'dns://10.0.0.1/h:80': /write three slashes, dns:\/\/\//,
  'h:80/': /has a path behind its port: leave that out/,
  '::1:80': /needs brackets around its IPv6 address/,
  'h:80:90': /has more than one colon/,
};

test('an address that is none, or of another kind, is a TypeError that says what to write', () => {
  for (const [address, expected] of Object.entries(TARGETS)) {
    for (const make of [createClient, startClient]) {
      assert.throws(() => make('webrtc', address), (error) => {
        assert.match(error.message, expected);
        assert.match(error.message, /expected host:port/);
        return true;
      });
    }
  }
});

test("gRPC's forms of a host and a port reach it, as with grpc-js", LIMIT, async (t) => {
  const { port } = await connect(t);
  for (const address of ['dns:', 'dns:///', 'ipv4:'].map((scheme) => `${scheme}127.0.0.1:${port}`)) {
    await using(createClient('webrtc', address), async (client) => assert.equal((await client.publish({ id: 'a' })).id, 'a'));
  }
});

test('listening twice, and services after listening, are refused', LIMIT, async (t) => {
  const { server } = await connect(t);
  await assert.rejects(server.listen(0), /listens already/);
  assert.throws(() => server.addService('sip', {}), /addService\('sip'\): the server listens already/);
});

test('a host that does not exist, and a port where nobody is, are UNAVAILABLE and named', LIMIT, async () => {
  await using(createClient('webrtc', 'no-such-host.invalid:1'), async (client) => {
    await assert.rejects(client.publish({}), /^RpcError: 14 UNAVAILABLE: Name resolution failed for no-such-host.invalid:1: /);
  });
  await using(createClient('webrtc', '[::1]:1'), async (client) => {
    await assert.rejects(client.publish({}), /^RpcError: 14 UNAVAILABLE: No connection established to \[::1\]:1: /);
  });
});

async function using(client, body) {
  try {
    await body(client);
  } finally {
    client.close();
  }
}

test('a request that does not fit fails its call with the field and what was expected', LIMIT, async (t) => {
  const { client } = await connect(t);
  const failed = /^RpcError: 13 INTERNAL: Request message serialization failure: /;
  await assert.rejects(client.publish({ media: 'text' }), (error) => {
    assert.match(String(error), failed);
    assert.match(error.message, /\.owt\.PublishRequest\.media: object expected/);
    return true;
  });
  const hostile = { get id() { throw new Error('from a getter'); } };
  await assert.rejects(client.publish(hostile), /13 INTERNAL: Request message serialization failure: from a getter/);
  for (const none of [undefined, null]) {
    await assert.rejects(client.publish(none), /13 INTERNAL: .*\.owt\.PublishRequest: object expected/);
  }
  // As with protobufjs, whose rules OWT's modules know.
  assert.equal((await client.publish({ id: { an: 'object' } })).id, '[object Object]');
});

test('messages over a limit are refused with both sizes, on each side and each way', LIMIT, async (t) => {
  const big = { id: 'x'.repeat(1000) };
  const cases = {
    client: { maxSendBytes: 100 },
    server: { maxReceiveBytes: 100 },
  };
  for (const [side, limit] of Object.entries(cases)) {
    const { client } = await connect(t, { [side]: limit });
    await assert.rejects(client.publish(big), /^RpcError: 8 RESOURCE_EXHAUSTED: .*larger than max \(1003 vs 100\)/, side);
    assert.equal((await client.publish({ id: 'small' })).id, 'small');
  }
  const replying = { publish: async () => big };
  for (const [side, limit] of Object.entries({ client: { maxReceiveBytes: 100 }, server: { maxSendBytes: 100 } })) {
    const { client } = await connect(t, { [side]: limit, impl: replying });
    await assert.rejects(client.publish({}), /^RpcError: 8 RESOURCE_EXHAUSTED: .*larger than max \(1003 vs 100\)/, side);
  }
});

test('call options that are none fail the call and are named', LIMIT, async (t) => {
  const { client } = await connect(t);
  for (const [name, value] of [['deadline', new Date(NaN)], ['deadline', 'tomorrow'], ['timeout', '5'], ['timeout', NaN]]) {
    await assert.rejects(client.publish({}, { [name]: value }), new RegExp(`3 INVALID_ARGUMENT: call option ${name} is no number`));
  }
  assert.throws(() => client.publish({}, 'soon'), /call options must be an object, not a text/);
  await assert.rejects(client.publish({}, { timeout: 0 }), /4 DEADLINE_EXCEEDED/);
  await assert.rejects(client.publish({}, { timeout: -5 }), /4 DEADLINE_EXCEEDED/);
  await assert.rejects(client.publish({}, { signal: abortedSignal() }), /1 CANCELLED/);
  assert.equal((await client.publish({ id: 'a' }, { timeout: Infinity })).id, 'a');
  assert.equal((await client.publish({ id: 'a' }, { deadline: 8.64e15 })).id, 'a');
});

test('metadata that HTTP/2 cannot carry is refused by key', LIMIT, async (t) => {
  const { client } = await connect(t);
  const metadata = new Metadata();
  for (const key of ['', 'with space', 'ümlaut', 'grpc-timeout', ':path', 'new\nline']) {
    assert.throws(() => metadata.set(key, 'v'), (error) => error instanceof Error && error.message.includes(key), JSON.stringify(key));
  }
  for (const [key, value] of [['text', 'line\nbreak'], ['text', Buffer.from('x')], ['bytes-bin', 'text']]) {
    assert.throws(() => metadata.set(key, value), (error) => error.message.includes(key));
  }
  await assert.rejects(client.publish({}, { metadata: { text: 'ü\u0000' } }), (error) => error instanceof RpcError && /text/.test(error.message));
});

test('calls beyond maxPendingCalls fail with the limit, and those below are answered', LIMIT, async (t) => {
  const { client } = await connect(t, { client: { maxPendingCalls: 10 } });
  const settled = await Promise.allSettled(Array.from({ length: 15 }, (_, n) => client.publish({ id: String(n) })));
  const refused = settled.filter(({ status }) => status === 'rejected');
  assert.equal(refused.length, 5);
  assert.match(refused[0].reason.message, /8 RESOURCE_EXHAUSTED: 10 calls are pending, which is the limit \(client option maxPendingCalls\)/);
});

test('messages with getters that make calls, and then throw or not: each call has its own end', LIMIT, async (t) => {
  const inner = [];
  const call = (id) => inner.push(client.publish({ id }));
  const calling = (id, then) => ({
    get id() {
      call(`inside of ${id}`);
      return then();
    },
  });
  const fail = () => {
    throw new Error('from the getter');
  };
  const { client } = await connect(t, {
    impl: { ...impl, subscribe: async ({ request: { id } }) => calling(id, id === 'a reply' ? () => 'reply' : fail) },
  });
  const ends = [
    client.publish({ id: 'before' }),
    client.publish(calling('a request', () => 'request')),
    client.publish(calling('a bad request', fail)),
    client.subscribe({ id: 'a reply' }),
    client.subscribe({ id: 'a bad reply' }),
    client.publish({ id: 'after' }),
  ];
  const told = (await Promise.allSettled(ends)).map(({ value, reason }) => value?.id ?? reason.details);
  assert.deepEqual(told.slice(0, 2), ['before', 'request']);
  assert.match(told[2], /serialization failure: from the getter/);
  assert.equal(told[3], 'reply');
  assert.match(told[4], /Error serializing response: from the getter/);
  assert.equal(told[5], 'after');
  const ids = (await Promise.all(inner)).map(({ id }) => id);
  for (const id of ['a request', 'a bad request', 'a reply', 'a bad reply']) assert.ok(ids.includes(`inside of ${id}`), `${ids}`);
});
