'use strict';

// The standard services as others have them: what the packages grpc-health-check
// and @grpc/reflection publish, and clients made of it.

const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');
const { Server } = require('../../..');
const { OPTIONS } = require('./reference');

const published = path.join(path.dirname(require.resolve('@grpc/reflection/package.json')), 'build/proto');

/** Their proto files, by the names that ours have. */
const theirProtos = {
  'grpc/health/v1/health.proto': require('grpc-health-check').protoPath,
  'grpc/reflection/v1/reflection.proto': path.join(published, 'grpc/reflection/v1/reflection.proto'),
  'grpc/reflection/v1alpha/reflection.proto': path.join(published, 'grpc/reflection/v1alpha/reflection.proto'),
};

/** A client of grpc-js, closed with the test. */
function clientOf(t, definition, port) {
  const Client = grpc.makeGenericClientConstructor(definition, 'service');
  const client = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  t.after(() => client.close());
  return client;
}

/** A client of the health service that grpc-health-check publishes. */
const healthClient = (t, port) => clientOf(t, require('grpc-health-check').service, port);

/** A client of reflection, made from what @grpc/reflection publishes. */
function reflectionClient(t, port, version = 'v1') {
  const loaded = protoLoader.loadSync(theirProtos[`grpc/reflection/${version}/reflection.proto`], OPTIONS);
  return clientOf(t, loaded[`grpc.reflection.${version}.ServerReflection`], port);
}

/** A server with both services and the types given, stopped with the test. */
async function serve(t, types, options) {
  const server = new Server({ health: true, reflection: true, ...options });
  for (const [type, impl] of Object.entries(types)) server.addService(type, impl);
  const port = await server.listen('127.0.0.1:0');
  t.after(() => server.stop({ graceMs: 0 }));
  return { server, port };
}

/** A server of grpc-js, to which `add` adds services. */
async function serveTheirs(t, add) {
  const server = new grpc.Server();
  add(server);
  const port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  t.after(() => server.forceShutdown());
  return port;
}

/** What a stream gives, message by message: `next()` waits for one. */
function reader(stream) {
  const waiting = [];
  const arrived = [];
  const give = (item) => (waiting.length > 0 ? waiting.shift()(item) : arrived.push(item));
  stream.on('data', give);
  stream.on('error', (error) => give({ error }));
  return { next: () => (arrived.length > 0 ? Promise.resolve(arrived.shift()) : new Promise((resolve) => waiting.push(resolve))) };
}

module.exports = { clientOf, healthClient, reader, reflectionClient, serve, serveTheirs, theirProtos };
