'use strict';

// Does what REST requests do: looks at a conference and changes it.

const { nodeOf } = require('../common/cluster-worker');
const { readConfig } = require('../common/config');
const { confirm, start } = require('../common/report');
const { call, retry } = require('../common/rpc');

const config = readConfig('management_api', 'server');

async function main() {
  start('management_api');
  const sip = { sipServer: 'sip.example', username: 'room1', password: 'secret' };
  await retry(() => call('sipPortal', config.cluster.sip_portal, 'handleSipUpdate', { type: 'create', roomId: 'room1', sip }));
  const { node } = await retry(() => nodeOf('conference', 'room1', config));
  const conference = (method, request) => call('conference', node, method, request);
  await retry(async () => {
    const { result } = await conference('getParticipants', {});
    if (!result.some(({ id }) => id === 'p1')) throw new Error('the participant has not joined yet');
    confirm('management_api sees the participant');
  });
  const stream = await retry(() =>
    conference('addStreamingIn', { roomId: 'room1', pubInfo: { type: 'streaming', connection: { url: 'rtsp://camera' } } })
  );
  if (stream.id === 'streaming-in') confirm('management_api added a stream');
  for (const type of ['recording', 'analytics', 'quic']) {
    await retry(() => conference('addServerSideSubscription', { roomId: 'room1', subInfo: { type } }));
  }
  await conference('controlStream', { id: 's1', commands: [JSON.stringify({ op: 'replace', path: '/info/layout', value: [] })] });
  const sipCall = await retry(() => conference('makeSipCall', { id: 'room1', peer: 'sip:bob@example', mediaIn: { audio: true } }));
  if (sipCall.id === 'call1') confirm('management_api made a call');
  await conference('endSipCall', { id: sipCall.id });
  confirm('management_api done');
}

main();
