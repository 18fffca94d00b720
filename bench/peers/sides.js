'use strict';

// The two implementations, each as its users write it.

const path = require('node:path');

function grpcJs() {
  const grpc = require('@grpc/grpc-js');
  const loader = require('@grpc/proto-loader');
  const folder = path.join(__dirname, '..', '..', 'proto', 'owt');
  const options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };
  const definition = loader.loadSync('quic_agent.proto', { ...options, includeDirs: [folder] });
  const { QuicAgent } = grpc.loadPackageDefinition(definition).owt;
  return {
    client: (port) => new QuicAgent(`127.0.0.1:${port}`, grpc.credentials.createInsecure()),
    serve(impl) {
      const server = new grpc.Server();
      server.addService(QuicAgent.service, impl);
      return new Promise((resolve, reject) => {
        const bound = (error, port) => (error ? reject(error) : resolve(port));
        server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), bound);
      });
    },
  };
}

function ours() {
  const { Server, createClient } = require('../..');
  return {
    client: (port) => createClient('quic', `127.0.0.1:${port}`),
    serve: (impl) => new Server().addService('quic', impl).listen('127.0.0.1:0'),
  };
}

/** @param {'ours' | 'grpc-js'} name */
module.exports = (name) => (name === 'ours' ? ours() : grpcJs());
