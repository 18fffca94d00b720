'use strict';

// The conference: between portals, management and the media agents.

const { packOption, startServer } = require('owt-grpc/grpcTools');
const { EventEmitter } = require('node:events');
const { joinCluster, nodeOf } = require('../common/cluster-worker');
const { readConfig } = require('../common/config');
const { listen } = require('../common/notifications');
const { confirm, start } = require('../common/report');
const { call } = require('../common/rpc');

const config = readConfig('conference', 'agent');
const toPortals = new EventEmitter().setMaxListeners(0);
const participants = new Map();
const nodes = new Map();
const option = (type, rest) => packOption(type, { controller: 'conference', ...rest });

/** Tells all portals; `data` is JSON, as the contract has it. */
const tell = (name, data) => toPortals.emit('notification', { id: 'p1', name, data: JSON.stringify(data) });

/** The node of a purpose, taken when first needed, and listened to. */
async function nodeFor(purpose) {
  if (!nodes.has(purpose)) nodes.set(purpose, takeNode(purpose));
  try {
    return await nodes.get(purpose);
  } catch (error) {
    nodes.delete(purpose);
    throw error;
  }
}

async function takeNode(purpose) {
  const taken = await nodeOf(purpose, 'room1', config);
  listen(purpose, taken.node, {
    id: 'conference',
    onNotification: ({ name, data }) => hear(purpose, name, data),
    onLost: (error) => {
      nodes.delete(purpose);
      if (error.code === 14) confirm(`conference lost ${purpose}`);
    },
  });
  return taken;
}

function hear(purpose, name, data) {
  confirm(`conference heard ${purpose} ${name}`);
  if (name === 'onTransportProgress') tell('progress', data.status);
  else if (name !== 'onTrackUpdate') tell(name, data);
}

const agent = async (purpose, method, request) => call(purpose, (await nodeFor(purpose)).node, method, request);

async function buildView() {
  await agent('audio', 'init', { id: 'mix', type: 'mixing', option: option('audio', { service: 'mixing' }) });
  await agent('audio', 'generate', { id: 'mix' });
  await agent('audio', 'enableVad', { periodMs: 1000 });
  await agent('video', 'init', { id: 'mix', type: 'mixing', option: option('video', { service: 'mixing' }) });
  await agent('video', 'generate', { id: 'mix' });
}

/** Answers when the work is done, with what it gives or why it failed. */
const handled = (step, work) => (request, callback) => {
  work(request.request).then(
    (reply) => {
      confirm(`conference ${step}`);
      callback(null, reply ?? {});
    },
    (error) => callback(new Error(error.message), null)
  );
};

const impl = {
  join: handled('join', async ({ participant }) => {
    participants.set(participant.id, participant);
    tell('participant', { action: 'join', id: participant.id });
    return { permission: {}, room: { id: 'room1', views: ['common'], participants: [...participants.values()] } };
  }),
  publish: handled('publish', async ({ streamId, pubInfo }) => {
    const media = { tracks: pubInfo.media.tracks };
    await agent('webrtc', 'publish', { id: streamId, type: 'webrtc', option: option('webrtc', media) });
    await buildView();
    await agent('webrtc', 'getInternalAddress', {});
    await agent('webrtc', 'linkup', { id: streamId, from: { audio: { id: 'mixed-audio' } } });
    tell('stream', { id: streamId, status: 'add' });
  }),
  subscribe: handled('subscribe', async ({ subscriptionId }) => {
    await agent('webrtc', 'subscribe', { id: subscriptionId, type: 'webrtc', option: option('webrtc', {}) });
    await agent('webrtc', 'linkup', { id: subscriptionId, from: { audio: { id: 'mixed-audio' }, video: { id: 'mixed-video' } } });
  }),
  onSessionSignaling: handled('onSessionSignaling', ({ id, signaling }) => agent('webrtc', 'processSignaling', { id, signaling })),
  text: handled('text', async ({ message }) => tell('text', { message })),
  unsubscribe: handled('unsubscribe', ({ sessionId }) => agent('webrtc', 'unsubscribe', { id: sessionId })),
  unpublish: handled('unpublish', ({ sessionId }) => agent('webrtc', 'unpublish', { id: sessionId })),
  leave: handled('leave', async ({ id }) => {
    participants.delete(id);
    const { agent: manager, node } = await nodeFor('webrtc');
    await call('nodeManager', manager, 'recycleNode', { id: node, info: { room: 'room1', task: 'room1' } });
  }),
  getParticipants: handled('getParticipants', async () => ({ result: [...participants.values()] })),
  controlStream: handled('controlStream', async ({ id }) => {
    await agent('video', 'setLayout', { regions: [] });
    return { id };
  }),
  addStreamingIn: handled('addStreamingIn', async ({ pubInfo }) => {
    const { url } = pubInfo.connection;
    await agent('streaming', 'publish', { id: 'streaming-in', type: 'streaming', option: option('streaming', { connection: { url } }) });
    return { id: 'streaming-in' };
  }),
  addServerSideSubscription: handled('addServerSideSubscription', async ({ subInfo: { type } }) => {
    await agent(type, 'subscribe', { id: `${type}-1`, type, option: option(type, {}) });
    return { id: `${type}-1` };
  }),
  makeSipCall: handled('makeSipCall', async ({ peer, mediaIn }) => {
    const { message: node } = await call('sipPortal', config.cluster.sip_portal, 'getSipConnectivity', { id: 'room1' });
    nodes.set('sip', Promise.resolve({ node }));
    const heard = ({ name, data }) => hear('sip', name, data);
    listen('sip', node, { id: 'conference', onNotification: heard, onLost: () => {} });
    const reply = await call('sip', node, 'makeCall', { peerUri: peer, room: 'room1', mediaIn, controller: 'conference' });
    return { id: reply.message, peer, type: 'dial-out' };
  }),
  endSipCall: handled('endSipCall', ({ id }) => agent('sip', 'endCall', { id })),
  listenToNotifications(request) {
    const write = (notification) => request.write(notification);
    toPortals.on('notification', write);
    request.on('cancelled', () => request.end());
    request.on('close', () => toPortals.off('notification', write));
    confirm('conference is listened to');
  },
};

async function main() {
  const address = `localhost:${await startServer('conference', impl)}`;
  const nodeManager = { getNode: (request, callback) => callback(null, { message: address }) };
  const port = await startServer('nodeManager', nodeManager);
  const worker = await joinCluster({ purpose: 'conference', address: `localhost:${port}`, config });
  start('conference', worker.quit);
}

main();
