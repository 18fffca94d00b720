'use strict';

// Where a broker has the port that the registry should have: who connects is
// told so, and the broker does not suffer.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const amqp = require('amqplib');
const amqpClient = require('../../lib/dropin/amqpClient');
const { connectBus } = require('../..');

const url = process.env.RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672';
const { hostname, port } = new URL(url);
const broker = `${hostname === 'localhost' ? '127.0.0.1' : hostname}:${port || 5672}`;
const TAKEN = new RegExp(`the registry's port ${broker.replace(/\./g, '\\.')} is taken by another program: `);

/** A message goes through it. */
async function works(connection) {
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  const body = new Promise((resolve) => channel.consume(queue, ({ content }) => resolve(content.toString()), { noAck: true }));
  channel.sendToQueue(queue, Buffer.from('well'));
  assert.equal(await body, 'well');
  await channel.close();
}

test("a registry's port that is RabbitMQ's is refused by that reason, and RabbitMQ goes on", async (t) => {
  const connection = await amqp.connect(url);
  t.after(() => connection.close());
  await works(connection);

  process.env.OWT_GRPC_REGISTRY = broker;
  t.after(() => delete process.env.OWT_GRPC_REGISTRY);
  // What OWT's configuration says does not count.
  const failure = await new Promise((resolve, reject) => {
    amqpClient().connect({ host: 'localhost', port: 5672 }, () => reject(new Error('connected')), resolve);
  });
  assert.match(failure.message, TAKEN);
  delete process.env.OWT_GRPC_REGISTRY;
  await assert.rejects(connectBus({ registry: broker }), (error) => error.code === 'REFUSED' && TAKEN.test(error.message));

  await works(connection);
  const other = await amqp.connect(url);
  await works(other);
  await other.close();
});
