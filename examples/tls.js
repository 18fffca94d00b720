'use strict';

// Mutual TLS with certificates that `owt-grpc certs` makes, and what happens to
// those who have none. Needs openssl.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const os = require('node:os');
const path = require('node:path');
const { Server, createClient } = require('owt-grpc');

// What `npx owt-grpc` runs here. Found so, the example is one as CommonJS and as ESM.
const { resolve } = createRequire(path.join(process.cwd(), 'tls.js'));
const command = path.join(path.dirname(resolve('owt-grpc/package.json')), 'bin', 'owt-grpc.js');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-tls-'));

async function main() {
  const made = execFileSync(process.execPath, [command, 'certs', folder, '--json'], { encoding: 'utf8' });
  // As a module is started: with the variables, in the folder that has the passphrases.
  const { variables } = JSON.parse(made);
  Object.assign(process.env, variables);
  process.chdir(folder);

  const server = new Server();
  server.addService('webrtc', {
    async publish(call) {
      return { id: `publication of ${call.request.id}` };
    },
  });
  const address = `localhost:${await server.listen('127.0.0.1:0')}`;

  const clients = {
    'with a certificate': createClient('webrtc', address),
    'without one': createClient('webrtc', address, { tls: { ca: variables.OWT_GRPC_ROOT_CERT } }),
    'without TLS': createClient('webrtc', address, { tls: false }),
  };
  for (const [who, client] of Object.entries(clients)) {
    const reply = await client.publish({ id: 'p1' }).catch((error) => ({ id: error.message }));
    console.log(`${who}: ${reply.id}`);
    client.close();
  }
  await server.stop();
}

main().finally(() => {
  process.chdir(os.tmpdir());
  fs.rmSync(folder, { recursive: true });
});
