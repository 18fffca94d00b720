'use strict';

const assert = require('node:assert').strict;
const { test } = require('node:test');
const fc = require('fast-check');
const { Metadata, setLogger } = require('../..');
const { ask, grpc, inAllPairings, ours, record, theirs } = require('../support/grpc/peers');
const { seed } = require('../support/grpc/arbitrary');

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

const details = Buffer.from([8, 5, 18, 2, 110, 111]); // a google.rpc.Status: { code: 5, message: 'no' }

/** Keys that begin with grpc- and are the application's, or that of who looks into its errors. */
const NOT_OF_THE_PROTOCOL = {
  'grpc-status-details-bin': [details],
  'grpc-tags-bin': [blob],
  'grpc-trace-bin': [blob],
  'grpc-retry-pushback-ms': ['50'],
  'grpc-previous-rpc-attempts': ['2'],
};

inAllPairings('details of an error and other keys that are not the protocol\'s travel both ways, though they begin with grpc-', async ({ connect }) => {
  const { client } = await connect('webrtc', {
    publish(call, callback) {
      call.sendMetadata(call.metadata.clone());
      callback({ code: 5, details: 'no', metadata: call.metadata.clone() });
    },
  });
  const { headers, error } = await new Promise((resolve) => {
    let headers;
    const metadata = new (client instanceof grpc.Client ? grpc.Metadata : Metadata)();
    for (const [key, [value]] of Object.entries(NOT_OF_THE_PROTOCOL)) metadata.set(key, value);
    const call = client.publish({}, metadata, (error) => setImmediate(() => resolve({ headers, error })));
    call.on('metadata', (metadata) => (headers = metadata));
  });
  assert.equal(error.code, 5);
  for (const [key, values] of Object.entries(NOT_OF_THE_PROTOCOL)) {
    assert.deepEqual(error.metadata.get(key), values, key);
    assert.deepEqual(headers.get(key), values, key);
  }
});

// First of those that give a handler odd keys: so many are logged, and no more.
test('what of a handler\'s metadata is left out is logged, once for each key', { timeout: 20_000 }, async (t) => {
  const logged = [];
  setLogger({ warn: (text) => logged.push(text) });
  t.after(() => setLogger(null));
  const metadata = { 'of two words': 'x', 'place-name': 'Köln', fine: 'yes' };
  const { port, stop } = await ours.serve('webrtc', { publish: (call, callback) => callback(null, {}, metadata), unpublish: (call, callback) => callback(null, {}, 'text') });
  const client = ours.client('webrtc', port);
  t.after(async () => {
    client.close();
    await stop();
  });
  for (const _ of [1, 2, 3]) for (const method of ['publish', 'unpublish']) await client[method]({});
  assert.deepEqual(logged.map((text) => text.replace(/^.*cannot be: /, '')), [
    'Metadata key "of two words" contains illegal characters',
    'Metadata value of "place-name" contains "ö", and only printable ASCII can be sent: use a key that ends in -bin',
    'metadata must be an object, pairs of key and value, or a Metadata, not a text',
  ]);
});

const OF_GRPC = ['te', 'content-type', 'grpc-timeout', 'grpc-encoding', 'grpc-accept-encoding', 'grpc-message-type', 'grpc-status', 'grpc-message'];
const OF_HTTP_1 = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings', 'content-length', 'host'];

const anyKey = fc.oneof(
  fc.constantFrom(...OF_GRPC, ...OF_HTTP_1, 'Connection', ':path', 'x:y', 'k'.repeat(70_000), 'date', 'cookie', 'authorization'),
  // grpc-js loses that one.
  fc.string({ minLength: 1, maxLength: 12 }).filter((key) => key !== '__proto__'),
  fc.string({ unit: fc.constantFrom(...'abzAZ09_.-'), minLength: 1, maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(...'az-'), maxLength: 6 }).map((key) => `${key}-bin`)
);
const anyValue = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('trailers', 'keep-alive', '120', '', ' ', 'tab\t', 'line\n', 'v'.repeat(5000)),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes))
);

/** What a call's server saw of a key, or the error of the call. */
const sent = async (client, key, value) => {
  const metadata = new (client instanceof grpc.Client ? grpc.Metadata : Metadata)();
  metadata.set(key, value);
  const { error, reply } = await ask(client, 'publish', { id: key }, { metadata: metadata.toJSON() });
  return error ?? reply.id;
};

for (const serverSide of [ours, theirs]) {
  test(`any key and value of a request is sent as by grpc-js, or refused by its name (server of ${serverSide.name})`, { timeout: 60_000 }, async (t) => {
    const { port, stop } = await serverSide.serve('webrtc', {
      publish: (call, callback) => callback(null, { id: JSON.stringify(call.metadata.get(call.request.id)) }),
    });
    const clients = [ours.client('webrtc', port), theirs.client('webrtc', port)];
    t.after(async () => {
      for (const client of clients) client.close();
      await stop();
    });
    const [client, reference] = clients;
    const checked = fc.asyncProperty(anyKey, anyValue, async (key, value) => {
      const error = await client.publish({ id: key }, { metadata: { [key]: value } }).then(() => null, (thrown) => thrown);
      if (error === null) return assert.equal(await sent(client, key, value), await sent(reference, key, value));
      assert.equal(error.code, 3, error.message);
      assert.ok(error.message.includes(`"${key.toLowerCase().slice(0, 40)}`), error.message);
    });
    await fc.assert(checked, { seed, numRuns: 500 });
    assert.equal(client.stats().connections, 1);
  });
}

/** Whether our Metadata takes it. */
function takes(key, value) {
  try {
    new Metadata().set(key, value);
    return true;
  } catch (_error) {
    return false;
  }
}

for (const clientSide of [ours, theirs]) {
  test(`of a handler's metadata what cannot be sent costs neither the status nor the rest (client of ${clientSide.name})`, { timeout: 60_000 }, async (t) => {
    let given;
    const { port, stop } = await ours.serve('webrtc', {
      publish(call, callback) {
        call.sendMetadata(given);
        callback({ code: 5, details: 'no', metadata: given });
      },
      unpublish: (call, callback) => callback(null, {}, given),
    });
    const client = clientSide.client('webrtc', port);
    t.after(async () => {
      client.close();
      await stop();
    });
    const checked = fc.asyncProperty(anyKey, anyValue, async (key, value) => {
      given = { before: 'b', [key]: [value, value], beside: 'c' };
      const isTaken = takes(key, value);
      const { error } = await ask(client, 'publish', {});
      assert.deepEqual([error.code, error.details, error.metadata.get('before'), error.metadata.get('beside')], [5, 'no', ['b'], ['c']]);
      // Some values grpc-js loses when it reads them.
      if (clientSide === ours) assert.equal(error.metadata.get(key).length > 0, isTaken);
      assert.equal((await ask(client, 'unpublish', {})).error, null);
    });
    await fc.assert(checked, { seed, numRuns: 300 });
  });
}
