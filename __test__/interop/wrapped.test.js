'use strict';

// Clients that their users have wrapped, as they do for logging, retries or mocks.

const assert = require('node:assert').strict;
const { inAllPairings } = require('../support/peers');

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
