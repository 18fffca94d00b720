'use strict';

const assert = require('node:assert').strict;
const { ask, grpc, inAllPairings, record } = require('../support/peers');

const blob = Buffer.from([0, 1, 2, 254, 255]);

inAllPairings('the server sees metadata, several values and bytes included', async ({ connect }) => {
  let seen;
  const { client } = await connect('webrtc', {
    publish(call, callback) {
      seen = call.metadata;
      callback(null, {});
    },
  });
  const { error } = await ask(client, 'publish', {}, { metadata: { room: ['r1', 'r2'], 'blob-bin': [blob, Buffer.of(7)] } });
  assert.equal(error, null);
  assert.equal(seen.get('room').join(', '), 'r1, r2');
  assert.deepEqual(seen.get('blob-bin'), [blob, Buffer.of(7)]);
  assert.deepEqual(seen.get('grpc-timeout'), []);
});

inAllPairings('a call tells its initial metadata and its trailers', async ({ connect }) => {
  const { client } = await connect('webrtc', {
    publish(call, callback) {
      const headers = new grpc.Metadata();
      headers.set('place', 'front');
      headers.set('blob-bin', blob);
      call.sendMetadata(headers);
      const trailers = new grpc.Metadata();
      trailers.set('place', 'behind');
      callback(null, { id: 'p' }, trailers);
    },
  });
  const seen = await new Promise((resolve) => {
    const found = {};
    const call = client.publish({}, () => {});
    call.on('metadata', (metadata) => (found.headers = metadata));
    call.on('status', (status) => resolve({ ...found, status }));
  });
  assert.deepEqual(seen.headers.get('place'), ['front']);
  assert.deepEqual(seen.headers.get('blob-bin'), [blob]);
  assert.equal(seen.status.code, 0);
  assert.deepEqual(seen.status.metadata.get('place'), ['behind']);
});

inAllPairings('a stream tells its initial metadata before its messages, and its trailers', async ({ connect }) => {
  const { client } = await connect('webrtc', {
    listenToNotifications(call) {
      call.sendMetadata(headersOf('front'));
      call.write({ name: 'n' });
      call.end(headersOf('behind'));
    },
  });
  const stream = client.listenToNotifications({});
  let headers;
  stream.on('metadata', (metadata) => (headers = metadata));
  const { events, status } = await record(stream);
  assert.deepEqual(events, ['metadata', 'data', 'status', 'end', 'close']);
  assert.deepEqual(headers.get('place'), ['front']);
  assert.deepEqual(status.metadata.get('place'), ['behind']);
});

function headersOf(place) {
  const metadata = new grpc.Metadata();
  metadata.set('place', place);
  return metadata;
}
