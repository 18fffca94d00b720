'use strict';

require('./lib/common/compat/node-version').demandNode();

const { connectBus } = require('./lib/bus/bus');
const { setMaxBufferedBytes } = require('./lib/crossing/buffered');
const { BusError } = require('./lib/bus/errors');
const { startRegistry } = require('./lib/bus/registry');
const { createClient } = require('./lib/grpc/client/client');
const { AbortController } = require('./lib/common/compat/abort');
const { status } = require('./lib/common/status');
const { RpcError } = require('./lib/grpc/rpc-error');
const { setLogger } = require('./lib/common/log');
const { Metadata } = require('./lib/grpc/metadata');
const { Server } = require('./lib/grpc/server/server');
const { metrics } = require('./lib/observability/metrics');
const { serveMetrics } = require('./lib/observability/metrics-server');
const { currentTrace, setTracing, withTrace } = require('./lib/observability/tracing');
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
