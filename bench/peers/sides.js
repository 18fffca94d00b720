'use strict';

// The two implementations, each as its users write it. With OWT's variables set,
// both use mutual TLS.

const { createPrivateKey } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

/** @param {'server' | 'client'} role what grpc-js takes for it */
function files(role) {
  const { grpcPassphrases } = require('../../lib/credentials/store');
  const read = (/** @type {string} */ name) => fs.readFileSync(String(process.env[`OWT_GRPC_${name}`]));
  const own = role.toUpperCase();
  const passphrase = grpcPassphrases()[role]?.reveal();
  const key = createPrivateKey({ key: read(`${own}_KEY`), passphrase }).export({ type: 'pkcs8', format: 'pem' });
  return { ca: read('ROOT_CERT'), cert: read(`${own}_CERT`), key: Buffer.from(key) };
}

const isTls = process.env.OWT_GRPC_ROOT_CERT !== undefined;

function grpcJs() {
  const grpc = require('@grpc/grpc-js');
  const loader = require('@grpc/proto-loader');
  const folder = path.join(__dirname, '..', '..', 'proto', 'owt');
  const options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };
  const definition = loader.loadSync('quic_agent.proto', { ...options, includeDirs: [folder] });
  const { QuicAgent } = grpc.loadPackageDefinition(definition).owt;
  const clientCredentials = () => {
    const { ca, cert, key } = files('client');
    return grpc.credentials.createSsl(ca, key, cert);
  };
  const serverCredentials = () => {
    const { ca, cert, key } = files('server');
    return grpc.ServerCredentials.createSsl(ca, [{ private_key: key, cert_chain: cert }], true);
  };
  const shared = isTls ? clientCredentials() : grpc.credentials.createInsecure();
  return {
    client: (port) => new QuicAgent(`localhost:${port}`, shared),
    // Nothing in it is another client's.
    lonely: (port) => new QuicAgent(`localhost:${port}`, isTls ? clientCredentials() : shared, { 'grpc.use_local_subchannel_pool': 1 }),
    serve(impl) {
      const server = new grpc.Server();
      server.addService(QuicAgent.service, impl);
      return new Promise((resolve, reject) => {
        const bound = (error, port) => (error ? reject(error) : resolve(port));
        server.bindAsync('localhost:0', isTls ? serverCredentials() : grpc.ServerCredentials.createInsecure(), bound);
      });
    },
  };
}

function ours() {
  const { Server, createClient } = require('../..');
  let made = 0;
  return {
    client: (port) => createClient('quic', `localhost:${port}`),
    lonely(port) {
      const { ca, cert, key } = files('client');
      // Equal credentials would be shared, and with them what TLS remembers.
      return createClient('quic', `localhost:${port}`, { tls: { ca: `${ca}${'\n'.repeat(++made)}`, cert, key } });
    },
    serve: (impl) => new Server().addService('quic', impl).listen('127.0.0.1:0'),
  };
}

/** @param {'ours' | 'grpc-js'} name */
module.exports = (name) => (name === 'ours' ? ours() : grpcJs());
