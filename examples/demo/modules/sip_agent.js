'use strict';

// Makes and ends SIP calls, for the conference and the SIP portal.

const { startServer } = require('owt-grpc/grpcTools');
const { joinCluster } = require('../common/cluster-worker');
const { readConfig } = require('../common/config');
const { notifier } = require('../common/notifications');
const { confirm, start } = require('../common/report');

const config = readConfig('sip', 'agent');
const { notify, listenToNotifications } = notifier('sip');

const ok = (step, reply = () => ({})) => (call, callback) => {
  confirm(`sip ${step}`);
  callback(null, reply(call.request));
};

const impl = {
  init: ok('init'),
  keepAlive: ok('keepAlive', () => ({ message: true })),
  clean: ok('clean'),
  makeCall(call, callback) {
    const { peerUri, mediaIn } = call.request;
    if (peerUri.startsWith('sip:') && mediaIn.audio) confirm('sip makeCall');
    callback(null, { message: 'call1' });
    notify('onStreamAdded', { id: 'sip-stream', owner: 'call1', info: { type: 'sip', media: {} } });
  },
  endCall: ok('endCall'),
  listenToNotifications,
};

async function main() {
  const address = `localhost:${await startServer('sip', impl)}`;
  const node = { getNode: ok('getNode', () => ({ message: address })), recycleNode: ok('recycleNode') };
  const agent = await startServer('nodeManager', node);
  const worker = await joinCluster({ purpose: 'sip', address: `localhost:${agent}`, config });
  start('sip', worker.quit);
}

main();
