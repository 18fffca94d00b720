'use strict';

require('./lib/compat/node-version').demandNode();

const { connectBus } = require('./lib/bus/bus');
const { setMaxBufferedBytes } = require('./lib/buffered');
const { BusError } = require('./lib/bus/errors');
const { startRegistry } = require('./lib/bus/registry');
const { createClient } = require('./lib/client');
const { AbortController } = require('./lib/compat/abort');
const { RpcError, status } = require('./lib/errors');
const { setLogger } = require('./lib/log');
const { Metadata } = require('./lib/metadata');
const { Server } = require('./lib/server');
const { metrics } = require('./lib/seeing/metrics');
const { serveMetrics } = require('./lib/seeing/serve');
const { currentTrace, setTracing, withTrace } = require('./lib/seeing/tracing');
const { reloadCredentials } = require('./lib/tls/credentials');
const { TlsError } = require('./lib/tls/errors');

module.exports = {
  AbortController,
  BusError,
  Metadata,
  RpcError,
  Server,
  TlsError,
  connectBus,
  createClient,
  currentTrace,
  metrics,
  reloadCredentials,
  serveMetrics,
  setLogger,
  setMaxBufferedBytes,
  setTracing,
  startRegistry,
  status,
  withTrace,
};
