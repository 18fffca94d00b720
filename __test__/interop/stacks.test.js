'use strict';

// Where a call was made is in the stack of the error that it ends with.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { connectBus, createClient, startRegistry } = require('../..');
const amqpClient = require('../../lib/dropin/amqpClient');
const { freePort } = require('../support/bus');
const { ask, inAllPairings, ours } = require('../support/grpc/peers');

const failing = () => {
  throw new Error('no');
};

inAllPairings('the stack of an error names who made the call, where a callback is told of it', async ({ connect }) => {
  const { client } = await connect('quic', { publish: failing });
  const leavesTheRoom = () => ask(client, 'publish', {});
  const { error } = await leavesTheRoom();
  assert.match(error.stack, /^\w*Error: 2 UNKNOWN: /);
  assert.match(error.stack, /for call at\n[^]*leavesTheRoom/);
});

inAllPairings('the stack of an error names who made the call, of streams of each kind', async ({ connect }) => {
  const { client } = await connect('quic', { listenToNotifications: failing, validateTokenCallback: failing });
  const errorOf = (stream) => new Promise((resolve) => stream.on('error', resolve).resume());
  const listensInTheRoom = () => client.listenToNotifications({});
  const checksTokens = () => client.validateTokenCallback();
  assert.match((await errorOf(listensInTheRoom())).stack, /for call at\n[^]*listensInTheRoom/);
  assert.match((await errorOf(checksTokens())).stack, /for call at\n[^]*checksTokens/);
});

/** What each of these ends with whose promise is awaited in a function of that name. */
const AWAITED = {
  'a handler that throws': ({ client }) => client.publish({}),
  'a method that is not there': ({ client }) => client.subscribe({}),
  'a request that cannot be encoded': ({ client }) => client.publish({ media: 'text' }),
  'metadata that cannot be sent': ({ client }) => client.publish({}, { metadata: { te: 'x' } }),
  'a time-out': ({ client }) => client.unpublish({}, { timeout: 20 }),
  'a server that is not there': ({ nowhere }) => nowhere.publish({}),
  'a call of the bus whose handler throws': ({ bus }) => bus.call('x', 'broken'),
  'a call of the bus to nobody': ({ bus }) => bus.call('nobody', 'm', [], { timeout: 20 }),
  'a member that is refused': ({ registry }) => connectBus({ registry, cluster: 'another' }),
};

for (const [name, begin] of Object.entries(AWAITED)) {
  test(`the stack of an error names the functions that await the call: ${name}`, { timeout: 20_000 }, async (t) => {
    const { port, stop } = await ours.serve('webrtc', { publish: failing, unpublish: (_call, _callback) => {} });
    const client = ours.client('webrtc', port);
    const nowhere = createClient('webrtc', `127.0.0.1:${await freePort()}`);
    const registry = `127.0.0.1:${await freePort()}`;
    const bus = await connectBus({ registry });
    await bus.serve('x', { broken: failing });
    t.after(async () => {
      await bus.close();
      client.close();
      nowhere.close();
      await stop();
    });
    const inTheRoom = async () => await begin({ bus, client, nowhere, registry });
    const throughHelpers = async () => inTheRoom();
    const outermost = async () => await throughHelpers();
    const error = await outermost().then(() => assert.fail('it succeeds'), (thrown) => thrown);
    assert.match(error.stack, /at async inTheRoom[^]*at async outermost/);
    assert.ok(error.stack.includes(error.message));
  });
}

test("the stack of the error that OWT's client cannot connect with names who connects", { timeout: 20_000 }, async (t) => {
  const registry = await startRegistry({ listen: '127.0.0.1:0', cluster: 'another' });
  t.after(() => registry.stop());
  const entersTheCluster = () => new Promise((resolve) => amqpClient().connect({ host: '127.0.0.1', port: registry.port }, resolve, resolve));
  const error = await entersTheCluster();
  assert.match(error.stack, /this side belongs to the cluster "owt"[^]*for call at\n[^]*entersTheCluster/);
});
