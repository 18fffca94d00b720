'use strict';

const assert = require('node:assert').strict;
const { test } = require('node:test');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');
const { ReflectionService } = require('@grpc/reflection');
const { createClient } = require('../..');
const { startServer, stopServer } = require('../../lib/dropin/grpcTools');
const { ask: askUnary } = require('../support/grpc/peers');
const { definitionOf, typesWithService, wire } = require('../support/grpc/reference');
const { asking, filesOf, packageOf, reflectedClient } = require('../support/grpc/reflected');
const { reader, serve, serveTheirs, theirProtos } = require('../support/grpc/standard');

const LIMIT = { timeout: 20_000 };
const STANDARD = ['grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

for (const version of ['v1', 'v1alpha']) {
  test(`${version} lists every service of the server, itself too`, LIMIT, async (t) => {
    const { port } = await serve(t, { webrtc: {}, streaming: {}, recording: {} });
    const request = { host: 'me', list_services: '*' };
    const reply = await asking(t, port, version).ask(request);
    assert.equal(reply.message_response, 'list_services_response');
    assert.deepEqual(reply.list_services_response.service.map(({ name }) => name), [...STANDARD, 'owt.StreamingAgent', 'owt.WebRTCAgent']);
    assert.equal(reply.valid_host, 'me');
    assert.deepEqual(reply.original_request, { ...request, message_request: 'list_services' });
  });
}

test('a client that knows nothing but reflection calls methods and reads streams', LIMIT, async (t) => {
  const { port } = await serve(t, {
    webrtc: {
      publish: async (call) => ({ id: `${call.request.type} ${call.request.id}` }),
      async *listenToNotifications() {
        yield { type: 'webrtc', name: 'first', data: { type_url: 'x', value: Buffer.from([1]) } };
      },
    },
  });
  const client = await reflectedClient(t, port, 'owt.WebRTCAgent');
  assert.deepEqual((await askUnary(client, 'publish', { id: 'p', type: 't' })).reply, { id: 't p' });
  const { type, name } = await reader(client.listenToNotifications({})).next();
  assert.deepEqual([type, name], ['webrtc', 'first']);
});

test('services whose files define one name differently are each told with their own', LIMIT, async (t) => {
  const { port } = await serve(t, {
    audio: { init: async () => ({ codecs: ['opus'] }) },
    video: { init: async () => ({ codecs: { encode: ['h264'], decode: ['vp8'] } }) },
  });
  const audio = await reflectedClient(t, port, 'owt.AudioAgent');
  const video = await reflectedClient(t, port, 'owt.VideoAgent');
  assert.deepEqual((await askUnary(audio, 'init', {})).reply, { codecs: ['opus'] });
  assert.deepEqual((await askUnary(video, 'init', {})).reply.codecs, { encode: ['h264'], decode: ['vp8'] });
  // A name alone is that of the service that was added first.
  const { ask } = asking(t, port);
  assert.equal(filesOf(await ask({ file_containing_symbol: 'owt.InitReply' }))[0].name, 'audio_agent.proto');
  const [file] = filesOf(await ask({ file_by_filename: 'video_agent.proto' }));
  assert.equal(file.name, 'video_agent.proto');
  assert.ok(file.messageType.some(({ name }) => name === 'InitReply'));
});

test('one server of all types tells of each what its own proto file says', LIMIT, async (t) => {
  const { port } = await serve(t, Object.fromEntries(typesWithService.map((type) => [type, {}])));
  const { ask } = asking(t, port);
  for (const type of typesWithService) {
    const { file, service } = wire.types[type];
    const reply = await ask({ file_containing_symbol: `owt.${service}` });
    assert.equal(filesOf(reply)[0].name, file);
    const told = packageOf(reply)[`owt.${service}`];
    const expected = definitionOf(type);
    assert.deepEqual(Object.keys(told).sort(), Object.keys(expected).sort());
    for (const [name, { path, requestStream, responseStream, requestType, responseType }] of Object.entries(expected)) {
      assert.equal(told[name].path, path);
      assert.deepEqual([told[name].requestStream, told[name].responseStream], [requestStream, responseStream]);
      assert.deepEqual(fieldsOf(told[name].requestType), fieldsOf(requestType));
      assert.deepEqual(fieldsOf(told[name].responseType), fieldsOf(responseType));
    }
  }
});

function fieldsOf({ type: { name, field } }) {
  return [name, field.map((one) => [one.name, one.number, one.label, one.type])];
}

test('a file comes first in its reply, and what it imports after it, each once', LIMIT, async (t) => {
  const { port } = await serve(t, { webrtc: {} });
  const files = filesOf(await asking(t, port).ask({ file_by_filename: 'webrtc_agent.proto' }));
  const names = files.map(({ name }) => name);
  assert.equal(names[0], 'webrtc_agent.proto');
  assert.equal(new Set(names).size, names.length);
  for (const { dependency } of files) for (const name of dependency) assert.ok(names.includes(name), name);
  assert.ok(names.includes('google/protobuf/any.proto'));
});

const FOUND = {
  'owt.WebRTCAgent': 'webrtc_agent.proto',
  'owt.WebRTCAgent.Publish': 'webrtc_agent.proto',
  'owt.PublishRequest': 'access_agent.proto',
  'owt.MediaSubOption.AudioSubOption': 'access_agent.proto',
  'google.protobuf.Any': 'google/protobuf/any.proto',
  'grpc.health.v1.HealthCheckResponse.ServingStatus': 'grpc/health/v1/health.proto',
  'grpc.reflection.v1.ServerReflection.ServerReflectionInfo': 'grpc/reflection/v1/reflection.proto',
};

test('services, methods, messages and enums, nested ones too, are found by their full names', LIMIT, async (t) => {
  const { port } = await serve(t, { webrtc: {} });
  const { ask } = asking(t, port);
  for (const [symbol, file] of Object.entries(FOUND)) {
    assert.equal(filesOf(await ask({ file_containing_symbol: symbol }))[0].name, file, symbol);
  }
});

const REFUSED = [
  [{ file_by_filename: 'video_agent.proto' }, 5, /file "video_agent.proto"/],
  [{ file_containing_symbol: 'owt.VideoAgent' }, 5, /symbol "owt.VideoAgent"/],
  [{ file_containing_symbol: 'toString' }, 5, /symbol "toString"/],
  [{ file_containing_extension: { containing_type: 'owt.PublishRequest', extension_number: 7 } }, 5, /Extension 7 of "owt.PublishRequest"/],
  [{ all_extension_numbers_of_type: 'owt.Nothing' }, 5, /message "owt.Nothing"/],
  [{ all_extension_numbers_of_type: 'owt.WebRTCAgent' }, 5, /message "owt.WebRTCAgent"/],
  [{ host: 'asks for nothing' }, 3, /message_request/],
];

test('what cannot be told is an error in its reply, and the stream goes on', LIMIT, async (t) => {
  const { port } = await serve(t, { webrtc: {} });
  const { ask } = asking(t, port);
  for (const [request, code, text] of REFUSED) {
    const { message_response: kind, error_response: error, original_request: original } = await ask(request);
    assert.equal(kind, 'error_response');
    assert.equal(error.error_code, code);
    assert.match(error.error_message, text);
    assert.equal(original.host, request.host ?? '');
  }
  const none = await ask({ all_extension_numbers_of_type: 'owt.PublishRequest' });
  assert.deepEqual(none.all_extension_numbers_response, { base_type_name: 'owt.PublishRequest', extension_number: [] });
});

test('a stream ends when its client has asked all, and stop() does not wait for one that is idle', LIMIT, async (t) => {
  const { server, port } = await serve(t, { webrtc: {} });
  const done = asking(t, port);
  await done.ask({ list_services: '' });
  const ended = new Promise((resolve) => done.stream.on('status', resolve));
  done.stream.end();
  assert.equal((await ended).code, 0);
  const idle = asking(t, port);
  await idle.ask({ list_services: '' });
  const released = new Promise((resolve) => idle.stream.on('status', resolve));
  assert.equal(await server.stop({ graceMs: 10_000 }), 0);
  assert.deepEqual([(await released).code, (await released).details], [14, 'The server is stopping']);
});

test('bytes that are no request end their stream alone', LIMIT, async (t) => {
  const { port } = await serve(t, { webrtc: {} });
  const raw = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  t.after(() => raw.close());
  const stream = raw.makeBidiStreamRequest('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', (bytes) => bytes, (bytes) => bytes);
  stream.write(Buffer.from([0x1a, 0x7f]));
  const { error } = await reader(stream).next();
  assert.equal(error.code, 13);
  assert.equal((await asking(t, port).ask({ list_services: '' })).message_response, 'list_services_response');
});

test('a client of ours asks the server of @grpc/reflection', LIMIT, async (t) => {
  const definition = protoLoader.loadSync(theirProtos['grpc/health/v1/health.proto']);
  const port = await serveTheirs(t, (server) => new ReflectionService(definition).addToServer(server));
  for (const version of ['v1', 'v1alpha']) {
    const client = createClient(`grpc.reflection.${version}.ServerReflection`, `127.0.0.1:${port}`);
    t.after(() => client.close());
    const stream = client.serverReflectionInfo();
    const replies = reader(stream);
    stream.write({ list_services: '*' });
    assert.deepEqual((await replies.next()).list_services_response.service, [{ name: 'grpc.health.v1.Health' }]);
    stream.write({ file_containing_symbol: 'no.such.Name' });
    assert.equal((await replies.next()).error_response.error_code, 5);
    stream.end();
  }
});

test('OWT_GRPC_REFLECTION gives the servers of startServer the service; without it there is none', LIMIT, async (t) => {
  const without = await startServer('sip', {});
  process.env.OWT_GRPC_REFLECTION = '1';
  t.after(() => delete process.env.OWT_GRPC_REFLECTION);
  const port = await startServer('sip', { makeCall: async () => ({ message: 'calling' }) });
  t.after(() => Promise.all([without, port].map((one) => stopServer(one, { graceMs: 0 }))));
  const client = await reflectedClient(t, port, 'owt.SipAgent');
  assert.equal((await askUnary(client, 'makeCall', {})).error, null);
  assert.equal((await asking(t, without).ask({ list_services: '' })).error.code, 12);
});
