'use strict';

const assert = require('node:assert').strict;
const { ask, inAllPairings, record } = require('../support/grpc/peers');

const MEGABYTE = 1 << 20;
const large = 'x'.repeat(5 * MEGABYTE);
const open = { forServer: { maxMessageBytes: 6 * MEGABYTE }, forClient: { maxMessageBytes: 6 * MEGABYTE } };

inAllPairings('messages of 5 MiB pass both ways when the one option allows them', async ({ connect }) => {
  const { client } = await connect('webrtc', {
    publish: (call, callback) => callback(null, { id: call.request.id }),
    listenToNotifications(call) {
      call.write({ name: call.request.id });
      call.end();
    },
  }, open);
  assert.equal((await ask(client, 'publish', { id: large })).reply.id, large);
  const { messages } = await record(client.listenToNotifications({ id: large }));
  assert.equal(messages[0].name, large);
});

inAllPairings('messages of 5 MiB pass on a bidirectional stream', async ({ connect }) => {
  const { client } = await connect('quic', {
    validateTokenCallback(call) {
      call.on('data', ({ tokenId }) => call.write({ tokenId }));
      call.on('end', () => call.end());
    },
  }, open);
  const call = client.validateTokenCallback();
  const recorded = record(call);
  call.write({ tokenId: large });
  call.write({ tokenId: 'small' });
  call.end();
  const { messages } = await recorded;
  assert.deepEqual(messages.map((m) => m.tokenId.length), [large.length, 5]);
});

inAllPairings('by default a request over 4 MiB is refused with both sizes, and others go on', async ({ connect }) => {
  const { client } = await connect('webrtc', { publish: (call, callback) => callback(null, { id: 'p' }) });
  const { error } = await ask(client, 'publish', { id: large });
  assert.equal(error.code, 8);
  assert.match(error.details, /\(52428\d\d vs 4194304\)/);
  assert.deepEqual((await ask(client, 'publish', {})).reply, { id: 'p' });
});

inAllPairings('by default a reply over 4 MiB is refused with both sizes, and others go on', async ({ connect }) => {
  const { client } = await connect('webrtc', {
    publish: (call, callback) => callback(null, { id: call.request.id === 'big' ? large : 'p' }),
  });
  const { error } = await ask(client, 'publish', { id: 'big' });
  assert.equal(error.code, 8);
  assert.match(error.details, /\(52428\d\d vs 4194304\)/);
  assert.deepEqual((await ask(client, 'publish', {})).reply, { id: 'p' });
});

inAllPairings('a limit on sending refuses before anything is sent', async ({ connect }) => {
  const { client } = await connect(
    'webrtc',
    { publish: (call, callback) => callback(null, { id: 'p' }) },
    { forClient: { maxMessageBytes: 1000 } }
  );
  const { error } = await ask(client, 'publish', { id: 'x'.repeat(2000) });
  assert.equal(error.code, 8);
  assert.match(error.details, /Attempted to send message with a size larger than (max \(200\d vs )?1000/);
  assert.deepEqual((await ask(client, 'publish', {})).reply, { id: 'p' });
});

const COMPRESSIONS = { deflate: 1, gzip: 2 };

for (const [name, algorithm] of Object.entries(COMPRESSIONS)) inAllPairings(
  `${name} from grpc-js is read, in requests and replies, single and streamed`,
  async ({ connect }) => {
    const compressing = { 'grpc.default_compression_algorithm': algorithm };
    const { client } = await connect('webrtc', {
      publish: (call, callback) => callback(null, { id: call.request.id }),
      listenToNotifications(call) {
        for (let n = 0; n < 50; n++) call.write({ name: call.request.id });
        call.end();
      },
    }, { forServer: compressing, forClient: compressing });
    const id = 'compressible '.repeat(1000);
    assert.equal((await ask(client, 'publish', { id })).reply.id, id);
    const { messages } = await record(client.listenToNotifications({ id }));
    assert.ok(messages.length === 50 && messages.every((m) => m.name === id));
  },
  // Options of grpc-js alone: ours reads what is compressed and sends plain.
  { skip: (client, server) => client.name === 'ours' && server.name === 'ours' }
);

for (const [name, algorithm] of Object.entries(COMPRESSIONS)) inAllPairings(
  `a message that ${name} made small is refused for what it expands to`,
  async ({ connect }) => {
    const compressing = { 'grpc.default_compression_algorithm': algorithm };
    const { client } = await connect('webrtc', { publish: (call, callback) => callback(null, { id: call.request.id }) }, { forServer: { maxMessageBytes: 10_000 }, forClient: { ...compressing, 'grpc.max_send_message_length': -1 } });
    const { error } = await ask(client, 'publish', { id: 'x'.repeat(20_000) });
    assert.equal(error.code, 8);
    assert.match(error.details, /Received message (that decompresses to a size )?larger (than max )?/);
    assert.deepEqual((await ask(client, 'publish', { id: 'small' })).reply, { id: 'small' });
  },
  { skip: (client) => client.name === 'ours' }
);
