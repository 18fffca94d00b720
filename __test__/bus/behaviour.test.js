'use strict';

const amqpClient = require('../../lib/dropin/amqpClient');
const { behaviour } = require('../support/bus/behaviour');
const { freePort } = require('../support/bus');

behaviour('owt-grpc', amqpClient, freePort().then((port) => ({ host: '127.0.0.1', port })));
