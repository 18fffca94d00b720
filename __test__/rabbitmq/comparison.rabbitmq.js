'use strict';

// The bus's behaviour, on a real RabbitMQ: the same tests, the other back-end.
// `npm run test:rabbitmq`; RABBITMQ_URL names another broker.

const { behaviour } = require('../support/bus/behaviour');
const rabbitClient = require('../support/bus/rabbit-client');

behaviour('RabbitMQ', rabbitClient, { rabbit: process.env.RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672' });
