'use strict';

// The process that is attacked: a server of gRPC. A call asks for a reply of so many
// bytes by its id; what streams bring is read by nobody.

const { Server } = require('../..');
const { answerParent } = require('./watched');

async function main() {
  const reply = 'x'.repeat(2 ** 20);
  let handled = 0;
  const server = new Server().addService('webrtc', {
    publish: (call, callback) => {
      handled += 1;
      callback(null, { id: reply.slice(0, Number(call.request.id)) });
    },
    listenToNotifications: (call) => {
      for (let n = 0; n < 3; n++) call.write({ name: reply.slice(0, 60_000) });
    },
  }).addService('quic', { validateTokenCallback: () => {} });
  const port = await server.listen('127.0.0.1:0');
  process.send({ port });
  answerParent(() => ({ handled, ...server.stats() }));
}

main();
