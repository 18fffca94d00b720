'use strict';

// The process that is attacked: a client of a server that keeps to no rule, and of one
// that does.

const { Server, createClient } = require('../..');
const { answerParent } = require('./watched');

async function main() {
  const server = new Server().addService('webrtc', {
    publish: (call, callback) => callback(null, { id: 'x'.repeat(Number(call.request.id)) }),
  });
  process.send({ port: await server.listen('127.0.0.1:0') });
  const ends = {};
  answerParent(({ what, port, calls }) => {
    if (what === 'call') {
      const client = createClient('webrtc', `127.0.0.1:${port}`);
      const deadline = Date.now() + 10_000;
      const count = (code) => (ends[code] = (ends[code] ?? 0) + 1);
      for (let n = 0; n < calls; n++) client.publish({ id: '5' }, { deadline }).then(() => count(0), ({ code }) => count(code));
    }
    return { ends, ...server.stats() };
  });
}

main();
