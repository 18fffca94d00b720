'use strict';

// Keeps one SIP node per room, and tells the conference where it is.

const { startServer } = require('owt-grpc/grpcTools');
const { nodeOf } = require('../common/cluster-worker');
const { readConfig } = require('../common/config');
const { confirm, start } = require('../common/report');
const { call, retry } = require('../common/rpc');

const config = readConfig('sip_portal', 'sip_portal');
let node = null;
let timer = null;

async function buildNode(room, { sipServer, username, password }) {
  ({ node } = await retry(() => nodeOf('sip', room, config)));
  await call('sip', node, 'init', { room, sipServer, sipUser: username, sipPassword: password });
  timer = setInterval(() => call('sip', node, 'keepAlive', {}).catch(() => {}), 2000);
}

const impl = {
  handleSipUpdate(request, callback) {
    const { type, roomId, sip } = request.request;
    confirm(`sip_portal handleSipUpdate ${type}`);
    callback(null, {});
    buildNode(roomId, sip).catch(() => {});
  },
  getSipConnectivity(request, callback) {
    if (node === null) return callback(new Error('Sip agent not ready'), null);
    confirm('sip_portal getSipConnectivity');
    callback(null, { message: node });
  },
};

startServer('sipPortal', impl, config.sip_portal.grpc_port).then(() => {
  start('sip_portal', async () => {
    clearInterval(timer);
    if (node !== null) await call('sip', node, 'clean', {}).catch(() => {});
  });
});
