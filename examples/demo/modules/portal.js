'use strict';

// Plays a client: joins a conference, publishes, negotiates, subscribes, talks
// on, and hears what the conference tells.

const { joinCluster, nodeOf } = require('../common/cluster-worker');
const { readConfig } = require('../common/config');
const { confirm, countNotification, start } = require('../common/report');
const { call, clientOf, retry } = require('../common/rpc');
const { makeOffer, sha } = require('../common/sdp');

const config = readConfig('portal', 'portal');
const participantId = 'p1';
const tracks = [{ id: 't-a', type: 'audio', mid: '0', source: 'mic' }];

function listenTo(conference) {
  const stream = clientOf('conference', conference).listenToNotifications({ id: 'portal' });
  stream.on('data', ({ name, data }) => {
    countNotification();
    const kind = name === 'progress' ? JSON.parse(data).type : name;
    confirm(`portal notified ${kind}`);
  });
  stream.on('error', () => {});
  stream.on('end', () => {});
}

const signal = (conference, id, signaling) =>
  call('conference', conference, 'onSessionSignaling', { id, signaling });

async function joinConference() {
  const { node } = await nodeOf('conference', 'room1', config);
  const participant = { id: participantId, user: 'user', role: 'presenter', portal: 'portal', origin: { isp: 'isp', region: 'region' } };
  const reply = await call('conference', node, 'join', { roomId: 'room1', participant });
  if (reply.room.id === 'room1') confirm('portal joined');
  listenTo(node);
  return node;
}

async function negotiate(conference) {
  const pubInfo = { type: 'webrtc', media: { tracks }, transport: { id: 'tr1', type: 'webrtc' }, attributes: '{}' };
  await retry(() => call('conference', conference, 'publish', { participantId, streamId: 's1', pubInfo }));
  const sdp = makeOffer(1);
  await signal(conference, 'tr1', { type: 'offer', sdp, reason: sha(sdp) });
  await signal(conference, 'tr1', { type: 'candidate', candidate: { candidate: 'a=candidate:1' } });
  const subInfo = { type: 'webrtc', media: { tracks: [] }, transport: { id: 'tr1', type: 'webrtc' } };
  await call('conference', conference, 'subscribe', { participantId, subscriptionId: 'sub1', subInfo });
  await call('conference', conference, 'text', { from: participantId, to: 'all', message: 'hello' });
}

/** Goes on talking, so that there is something to see. */
function talk(conference) {
  let n = 0;
  return setInterval(() => {
    const sdp = makeOffer(n++);
    signal(conference, 'tr1', { type: 'offer', sdp, reason: sha(sdp) }).catch(() => {});
  }, 20);
}

async function main() {
  const worker = await joinCluster({ purpose: 'portal', address: 'localhost:0', config });
  let talking = null;
  let conference = null;
  start('portal', async () => {
    clearInterval(talking);
    if (conference !== null) {
      const ended = { participantId, sessionId: 'sub1' };
      await call('conference', conference, 'unsubscribe', ended).catch(() => {});
      await call('conference', conference, 'unpublish', { participantId, sessionId: 's1' }).catch(() => {});
      await call('conference', conference, 'leave', { id: participantId }).catch(() => {});
    }
    await worker.quit();
  });
  conference = await retry(joinConference);
  await negotiate(conference);
  talking = talk(conference);
}

main();
