'use strict';

// Clients and servers that their users have wrapped, as they do for logging, retries or mocks.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const grpc = require('@grpc/grpc-js');
const { Server, createClient } = require('../..');
const { inAllPairings } = require('../support/grpc/peers');
const { definitionOf } = require('../support/grpc/reference');

const wraps = {
  'a Proxy': (client) => new Proxy(client, {}),
  'a Proxy that looks members up for itself': (client) => new Proxy(client, { get: (target, name, self) => Reflect.get(target, name, self) }),
  'an object made from it': (client) => Object.create(client),
  'a Proxy of an object made from it': (client) => new Proxy(Object.create(client), {}),
};

inAllPairings('a client that its user wrapped calls as it does itself', async ({ connect }) => {
  const { client } = await connect('webrtc', {
    publish: (call, callback) => callback(null, { id: call.request.id }),
    listenToNotifications(call) {
      call.write({ name: 'one' });
      call.end();
    },
  });
  for (const [name, wrap] of Object.entries(wraps)) {
    const wrapped = wrap(client);
    const reply = await new Promise((resolve, reject) => wrapped.publish({ id: name }, (error, value) => (error ? reject(error) : resolve(value))));
    assert.equal(reply.id, name);
    const names = [];
    for await (const message of wrapped.listenToNotifications({ id: name })) names.push(message.name);
    assert.deepEqual(names, ['one']);
  }
  wraps['a Proxy'](client).close();
});

const publish = (call, callback) => callback(null, { id: call.request.id });

async function callTo(port) {
  const client = createClient('webrtc', `127.0.0.1:${port}`);
  const reply = await client.publish({ id: 'x' });
  client.close();
  return reply.id;
}

for (const [name, wrap] of Object.entries(wraps)) {
  test(`a server that is ${name} serves as it does itself: ours`, async () => {
    const server = wrap(new Server());
    server.addService('webrtc', { publish });
    assert.equal(await callTo(await server.listen('127.0.0.1:0')), 'x');
    assert.equal(server.stats().started, 1);
    await server.stop();
  });

  test(`a server that is ${name} serves as it does itself: grpc-js`, async () => {
    const server = wrap(new grpc.Server());
    server.addService(definitionOf('webrtc'), { publish });
    const port = await new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    assert.equal(await callTo(port), 'x');
    server.forceShutdown();
  });
}
