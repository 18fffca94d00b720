'use strict';

// The process that is attacked: a server of gRPC. A call asks for a reply of so many
// bytes by its id; what streams bring is read by nobody.

const { Server, setLogger } = require('../..');

const logged = [];
setLogger({ warn: (text) => logged.push(text), error: (text) => logged.push(text) });

const megabytes = () => process.memoryUsage().rss / 2 ** 20;
let most = 0;
setInterval(() => (most = Math.max(most, megabytes())), 20).unref();

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
  process.on('message', ({ what }) => {
    if (what === 'rest') global.gc();
    if (what === 'begin') most = 0;
    const now = megabytes();
    process.send({ now, most: Math.max(most, now), handled, logged, ...server.stats() });
  });
  process.on('disconnect', () => process.exit(0));
}

main();
