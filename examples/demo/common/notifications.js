'use strict';

// Notification streams, both ends of them.

const { EventEmitter } = require('node:events');
const { packNotification, unpackNotification } = require('owt-grpc/grpcTools');
const { clientOf } = require('./rpc');
const { countNotification } = require('./report');

/** The server's end: what `notify` is given goes to all who listen. */
function notifier(type) {
  const emitter = new EventEmitter().setMaxListeners(0);
  return {
    notify: (name, data) => emitter.emit('notification', { type, name, data }),
    listenToNotifications(call) {
      const write = (notification) => call.write(packNotification(notification));
      emitter.on('notification', write);
      call.on('cancelled', () => call.end());
      call.on('close', () => emitter.off('notification', write));
    },
  };
}

/** The client's end. */
function listen(type, address, { id, onNotification, onLost }) {
  const call = clientOf(type, address).listenToNotifications({ id });
  call.on('data', (notification) => {
    countNotification();
    onNotification(unpackNotification(notification));
  });
  call.on('error', onLost);
  call.on('end', () => {});
  return call;
}

module.exports = { listen, notifier };
