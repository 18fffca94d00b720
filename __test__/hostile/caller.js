'use strict';

// The process that is attacked: a client of a server that keeps to no rule, and of one
// that does.

const { Server, createClient, setLogger } = require('../..');

const logged = [];
setLogger({ warn: (text) => logged.push(text), error: (text) => logged.push(text) });

const megabytes = () => process.memoryUsage().rss / 2 ** 20;
let most = 0;
setInterval(() => (most = Math.max(most, megabytes())), 20).unref();

async function main() {
  const server = new Server().addService('webrtc', {
    publish: (call, callback) => callback(null, { id: 'x'.repeat(Number(call.request.id)) }),
  });
  process.send({ port: await server.listen('127.0.0.1:0') });
  const ends = {};
  process.on('message', ({ what, port, calls }) => {
    if (what === 'rest') global.gc();
    if (what === 'begin') most = 0;
    if (what === 'call') {
      const client = createClient('webrtc', `127.0.0.1:${port}`);
      const deadline = Date.now() + 10_000;
      const count = (code) => (ends[code] = (ends[code] ?? 0) + 1);
      for (let n = 0; n < calls; n++) client.publish({ id: '5' }, { deadline }).then(() => count(0), ({ code }) => count(code));
    }
    const now = megabytes();
    process.send({ now, most: Math.max(most, now), ends, logged, ...server.stats() });
  });
  process.on('disconnect', () => process.exit(0));
}

main();
