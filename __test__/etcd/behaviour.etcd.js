'use strict';

// The bus's behaviour with its registry on etcd: the same tests, by the URL in
// OWT_GRPC_REGISTRY. `npm run test:etcd`.

const amqpClient = require('../../lib/dropin/amqpClient');
const { behaviour } = require('../support/bus/behaviour');

behaviour('etcd', amqpClient, { host: '127.0.0.1', port: 1 });
