'use strict';

// A server that can be killed or stopped: node server-process.js ours|theirs PORT

const peers = require('./peers');

const [, , name, port] = process.argv;
const impl = {
  publish: (call, callback) => callback(null, { id: call.request.id }),
  unpublish: (_call, _callback) => {},
  listenToNotifications: (call) => call.write({ name: 'first' }),
};

peers[name].serve('webrtc', impl, { port: Number(port) }).then((serving) => {
  process.stdout.write(`${serving.port}\n`);
});
