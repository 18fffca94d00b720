'use strict';

// A module as OWT has them, in a process of its own: guide-module.js SCRIPT, run in
// the module's folder. Serves by grpcTools and by the API, prints the ports, and when
// stdin ends prints all that there is to see of its objects. Knows nothing of TLS.

const { inspect } = require('node:util');
const { Server, setLogger } = require('../../..');
const { startServer, stopServer } = require('../../../lib/dropin/grpcTools');

const say = (text) => console.log(text);
setLogger({ error: say, warn: say, info: say, debug: say }, 'debug');

const impl = {
  publish: (call, callback) => callback(null, { id: `${call.request.id} published` }),
  listenToNotifications(call) {
    for (let n = 0; n < 3; n++) call.write({ type: 'webrtc', name: `update ${n}` });
    call.end();
  },
};

async function main() {
  const server = new Server().addService('webrtc', impl);
  const ports = { grpcTools: await startServer('webrtc', impl), api: await server.listen('0.0.0.0:0') };
  say(JSON.stringify(ports));
  process.stdin.resume().on('end', async () => {
    say(inspect(server, { depth: 10, showHidden: true }));
    await stopServer(ports.grpcTools, { graceMs: 0 });
    await server.stop({ graceMs: 0 });
  });
}

main();
