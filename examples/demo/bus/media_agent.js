'use strict';

// A media agent with its one node: the conference publishes to it, it tells the
// conference of its transport.

const { confirm, start } = require('../common/report');
const { connect, joinCluster } = require('./messaging');

const [purpose] = process.argv.slice(2);

async function main() {
  const messages = await connect();
  let published = false;
  const worker = {};
  const methods = {
    keepAlive: (reply) => {
      confirm(`${purpose} keepAlive`);
      reply('callback', true);
    },
    publish(session, connection, options, reply) {
      published = true;
      confirm(`${purpose} publish`);
      reply('callback', 'ok');
      // A burst, as of a peer connection: the answer first, then candidates.
      messages.cast(connection.controller, 'onTransportProgress', session, { type: 'answer', sdp: 'v=0\r\n'.repeat(1000) });
      for (let n = 0; n < 20; n++) messages.cast(connection.controller, 'onTransportProgress', session, { type: 'candidate', n });
    },
    linkup(_session, _from) {
      // Cast right behind the call: it must not overtake it.
      if (published) confirm(`${purpose} linkup after publish`);
    },
  };
  // Served before it is announced: whoever is told of the worker may call it.
  const id = `${purpose}-${process.pid.toString(16).padStart(20, '0')}@127.0.0.1`;
  await messages.serve(id, methods);
  Object.assign(worker, await joinCluster(messages, purpose));
  start(purpose, async () => {
    worker.quit();
    await messages.leave();
  });
}

main();
