'use strict';

// node server.js ours|grpc-js: prints its port, serves until standard input ends.

const { notification } = require('../workload');
const side = require('./sides')(process.argv[2]);

const impl = {
  subscribe(call, callback) {
    callback(null, { id: call.request.id });
  },
  listenToNotifications(call) {
    let open = true;
    const write = () => {
      while (open && call.write(notification));
    };
    call.on('drain', write);
    call.on('cancelled', () => {
      open = false;
      call.end();
    });
    write();
  },
  validateTokenCallback(call) {
    call.on('data', ({ tokenId }) => call.write({ tokenId }));
    call.on('end', () => call.end());
    call.on('error', () => {});
  },
};

side.serve(impl).then((port) => console.log(port));
process.stdin.resume().on('end', () => process.exit(0));
