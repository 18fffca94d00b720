'use strict';

const { after, describe } = require('node:test');
const { startRegistry } = require('../..');
const amqpClient = require('../../lib/dropin/amqpClient');
const { behaviour } = require('../support/bus/behaviour');

const NAME = 'owt-grpc with a registry of its own';

describe(NAME, () => {
  const registry = startRegistry({ listen: '127.0.0.1:0' });
  after(async () => (await registry).stop());
  behaviour(NAME, amqpClient, registry.then(({ port }) => ({ host: '127.0.0.1', port })));
});
