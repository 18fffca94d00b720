'use strict';

// Streams as loops: an async generator answers, `for await` reads, and either
// side may end it. An AbortSignal ends a loop from outside.

const { AbortController, Server, createClient } = require('owt-grpc');

async function main() {
  const server = new Server();
  let over = () => {};
  server.addService('webrtc', {
    async *listenToNotifications(call) {
      try {
        for (let n = 0; ; n++) yield { type: call.request.id, name: `update ${n}` };
      } finally {
        // The client has left: its signal is aborted, and the generator ends.
        console.log(`server: ${call.request.id} ended, aborted: ${call.signal.aborted}`);
        over();
      }
    },
  });
  const client = createClient('webrtc', `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
  const ended = () => new Promise((resolve) => (over = resolve));

  // Leaving the loop cancels the call.
  let end = ended();
  for await (const { name } of client.listenToNotifications({ id: 'first' })) {
    console.log(`client: ${name}`);
    if (name === 'update 2') break;
  }
  await end;

  // So does a signal, and the loop throws.
  const controller = new AbortController();
  let count = 0;
  end = ended();
  try {
    for await (const _ of client.listenToNotifications({ id: 'second' }, { signal: controller.signal })) {
      if (++count === 1000) controller.abort();
    }
  } catch (error) {
    console.log(`client: ${error.message}`);
  }
  await end;

  client.close();
  await server.stop();
}

main();
