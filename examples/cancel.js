'use strict';

// Deadlines and cancellation, seen from both sides.

const { AbortController, Server, createClient } = require('owt-grpc');

async function main() {
  const server = new Server();
  server.addService('webrtc', {
    // The signal says that nobody waits any more: work can stop.
    publish: (call) =>
      new Promise((_resolve, reject) => {
        call.signal.addEventListener('abort', () => {
          console.log(`server: "${call.request.id}" is not wanted any more`);
          reject(new Error('stopped'));
        });
      }),
  });
  const client = createClient('webrtc', `127.0.0.1:${await server.listen('127.0.0.1:0')}`);

  const ended = (error) => console.log(`client: ${error.message}`);
  await client.publish({ id: 'too slow' }, { timeout: 100 }).catch(ended);

  const cancel = new AbortController();
  const call = client.publish({ id: 'cancelled' }, { signal: cancel.signal });
  setTimeout(() => cancel.abort(), 100);
  await call.catch(ended);

  client.close();
  await server.stop();
}

main();
