'use strict';

// The agents of media: webrtc, audio, video, analytics, recording, streaming,
// quic. Each serves NodeManager and its own service, and tells what happens on
// its notification stream.

const { startServer, unpackOption } = require('owt-grpc/grpcTools');
const { joinCluster } = require('../common/cluster-worker');
const { readConfig } = require('../common/config');
const { notifier } = require('../common/notifications');
const { confirm, start } = require('../common/report');
const { sha } = require('../common/sdp');

const purpose = process.argv[2];
const config = readConfig(purpose, 'agent');
const { notify, listenToNotifications } = notifier(purpose);

/** Answers each request after its step is confirmed. */
const ok = (step, reply = () => ({})) => (call, callback) => {
  confirm(`${purpose} ${step}`);
  callback(null, reply(call.request));
};

/** A publication or subscription, with the option that came packed in an Any. */
function session(step) {
  return (call, callback) => {
    const { id, type, option } = call.request;
    const unpacked = unpackOption(purpose, option);
    if (unpacked.controller === 'conference') confirm(`${purpose} ${step}`);
    callback(null, { id });
    const status = purpose === 'analytics' ? { type: 'ready', info: { algorithm: 'a' } } : { type: 'ready' };
    if (['analytics', 'recording', 'streaming', 'quic'].includes(purpose)) {
      notify('onSessionProgress', { id, status, direction: type });
    }
  };
}

const common = {
  publish: session('publish'),
  unpublish: ok('unpublish'),
  subscribe: session('subscribe'),
  unsubscribe: ok('unsubscribe'),
  linkup: ok('linkup'),
  cutoff: ok('cutoff'),
  listenToNotifications,
  getInternalAddress: ok('getInternalAddress', () => ({ ip: '127.0.0.1', port: 4000 })),
};

const special = {
  webrtc: {
    createTransport: ok('createTransport'),
    destroyTransport: ok('destroyTransport'),
    processSignaling(call, callback) {
      const { id, signaling } = call.request;
      callback(null, {});
      if (signaling.type === 'candidate') {
        confirm('webrtc candidate');
        return;
      }
      // The step counts only for the very text that the client made.
      if (signaling.reason === sha(signaling.sdp)) confirm('webrtc offer whole');
      notify('onTransportProgress', { transportId: id, status: { type: 'answer', sdp: signaling.sdp } });
      const candidate = { sdpMid: '0', sdpMLineIndex: '0', candidate: 'a=candidate:1 1 udp 2013266431 127.0.0.1 40123 typ host' };
      for (let n = 0; n < 5; n++) notify('onTransportProgress', { transportId: id, status: { type: 'candidate', candidate } });
      notify('onTrackUpdate', { transportId: id, type: 'track-added', trackId: `${id}-t`, operationId: id });
    },
  },
  audio: {
    init: ok('init', () => ({ codecs: ['opus'] })),
    generate: ok('generate', () => ({ id: 'mixed-audio', media: {} })),
    enableVad(call, callback) {
      confirm('audio enableVad');
      callback(null, {});
      notify('onAudioActiveness', { activeAudioId: 'a1', target: { label: 'common', owner: 'p1' }, domain: 'room1' });
    },
  },
  video: {
    init: ok('init', () => ({ codecs: { decode: ['vp8'], encode: ['vp8'] } })),
    generate: ok('generate', () => ({ id: 'mixed-video', media: {} })),
    setLayout(call, callback) {
      confirm('video setLayout');
      callback(null, {});
      notify('onVideoLayoutChange', { owner: 'room1', label: 'common', regions: [], domain: 'room1' });
    },
    forceKeyFrame: ok('forceKeyFrame'),
  },
};

const nodeManager = (address) => ({
  getNode: ok('getNode', () => ({ message: address })),
  recycleNode: ok('recycleNode'),
});

async function main() {
  if (process.env.OWT_DEMO_BREAK === purpose) throw new Error('OWT_DEMO_BREAK names this module');
  const port = await startServer(purpose, { ...common, ...special[purpose] });
  const agent = await startServer('nodeManager', nodeManager(`localhost:${port}`));
  const worker = await joinCluster({ purpose, address: `localhost:${agent}`, config });
  start(purpose, worker.quit);
}

main();
