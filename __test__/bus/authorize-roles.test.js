'use strict';

// The rules that `owt-grpc certs --roles` makes: OWT's modules, each with its own
// certificate, say to each other all that they do, and nothing is refused.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { after, before, test } = require('node:test');
const amqpClient = require('../../lib/dropin/amqpClient');
const { rolesOf } = require('../../lib/cli/certs/by-role');
const { called, connected, eventually, freePort, participant, rpcClient, rpcServer, subscribed } = require('../support/bus');
const { hasOpenssl } = require('../support/tls/certificates');
const { command } = require('../support/cli/terminal');
const { logOf, withEnvironment } = require('../support/tls');

const skip = hasOpenssl ? false : 'needs openssl';
const HEX = '5a1f09c3d7e24b80c6aa';
const worker = (purpose) => `${purpose}-${HEX}@10.0.0.21`;
const node = (purpose) => `${worker(purpose)}_1`;
const MEDIA = ['webrtc', 'audio', 'video', 'analytics', 'recording', 'streaming', 'quic'];
const AGENTS = [...MEDIA, 'conference', 'sip'];
const folderOf = (purpose) => (AGENTS.includes(purpose) ? `${purpose}_agent` : purpose);

/** What each role serves: an agent its own id, and those of its nodes. */
const SERVED = {
  cluster_manager: ['owt-cluster'],
  portal: [worker('portal')],
  sip_portal: ['sip-portal'],
  stream_service: ['stream-service', `streamservice-${HEX}${HEX}abcd`],
  event_bridge: [worker('eventbridge')],
  media_bridge_agent: [worker('mediabridge'), node('mediabridge')],
  ...Object.fromEntries(AGENTS.map((purpose) => [folderOf(purpose), [worker(purpose), node(purpose)]])),
};

/** Whom each calls: the table of who talks to whom in OWT. */
const everyAgent = [...AGENTS, 'mediabridge'];
const CALLED = {
  management_api: ['owt-cluster', worker('conference'), node('conference'), 'sip-portal', 'stream-service', worker('eventbridge'), worker('mediabridge')],
  portal: ['owt-cluster', worker('conference'), node('conference'), 'stream-service'],
  conference_agent: ['owt-cluster', ...[...MEDIA, 'sip'].flatMap((purpose) => [worker(purpose), node(purpose)]), worker('portal'), 'sip-portal', worker('eventbridge')],
  sip_portal: ['owt-cluster', worker('sip'), node('sip')],
  stream_service: ['owt-cluster', ...everyAgent.flatMap((purpose) => [worker(purpose), node(purpose)]), worker('portal')],
  event_bridge: ['owt-cluster', worker('conference'), node('conference')],
  media_bridge_agent: ['owt-cluster', node('conference')],
  ...Object.fromEntries(MEDIA.map((purpose) => [folderOf(purpose), ['owt-cluster', node('conference'), 'stream-service']])),
  quic_agent: ['owt-cluster', node('conference'), worker('portal')],
  sip_agent: ['owt-cluster', worker('conference'), node('conference')],
};

const MONITORS = [...AGENTS.map(folderOf), 'portal', 'event_bridge', 'stream_service'];
const TELLERS = [...AGENTS.map(folderOf), 'cluster_manager', 'media_bridge_agent'];

const folder = hasOpenssl ? fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-roles-')) : '';
after(() => folder !== '' && fs.rmSync(folder, { recursive: true }));
before(() => {
  if (folder === '') return;
  const { status, stderr } = spawnSync(process.execPath, [command, 'certs', folder, '--roles', '--host', 'localhost'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

/** Clients of OWT's modules, each as its own module: its certificates, its store, the rules. */
async function modules(t) {
  const variables = rolesOf(folder);
  const port = await freePort();
  const home = process.cwd();
  const clients = [];
  t.after(() => Promise.all(clients.map((client) => client.disconnect())));
  return async (role) => {
    const client = amqpClient();
    clients.push(client);
    process.chdir(path.join(folder, role));
    try {
      return await withEnvironment(variables[role], () => connected(client, { host: 'localhost', port }));
    } finally {
      process.chdir(home);
    }
  };
}

test("OWT's modules with certificates of their own call, cast and publish all that they do, and nothing is refused", { skip }, async (t) => {
  const lines = logOf();
  const come = await modules(t);
  const callers = new Map();
  const arrived = new Set();
  // The cluster manager is the one that may host the registry.
  for (const role of Object.keys({ ...SERVED, ...CALLED })) {
    for (const id of SERVED[role] ?? []) {
      const client = await come(role);
      await rpcServer(client, id, { ask: (from, reply) => reply('callback', `${id} for ${from}`), tell: (from) => void arrived.add(`${from} ${id}`) });
      callers.set(role, client);
    }
    if (!callers.has(role)) callers.set(role, await come(role));
  }
  assert.equal(callers.size, 16);

  const told = new Map();
  for (const role of MONITORS) {
    const heard = [];
    told.set(role, heard);
    await new Promise((resolve, reject) => callers.get(role).asMonitor((message) => heard.push(message.message), resolve, reject));
  }
  for (const [role, ids] of Object.entries(CALLED)) {
    const caller = await rpcClient(callers.get(role));
    for (const id of ids) caller.remoteCast(id, 'tell', [role]);
    const replies = await Promise.all(ids.map((id) => called(caller, id, 'ask', [role], 5_000)));
    assert.deepEqual(replies, ids.map((id) => [`${id} for ${role}`, undefined]), role);
  }
  const casts = Object.entries(CALLED).flatMap(([role, ids]) => ids.map((id) => `${role} ${id}`));
  await eventually(() => casts.every((cast) => arrived.has(cast)), 'all casts');

  for (const role of TELLERS) {
    const target = await new Promise((resolve, reject) => callers.get(role).asMonitoringTarget(resolve, reject));
    target.notify('abnormal', role);
  }
  await eventually(() => [...told.values()].every((heard) => TELLERS.every((role) => heard.includes(role))), 'all monitors have heard of all');

  // Managers among each other, and each of itself.
  const managers = [callers.get('cluster_manager'), await come('cluster_manager')];
  const heard = [[], []];
  const channels = await Promise.all(managers.map((manager) => participant(manager, 'owt-cluster.management')));
  await Promise.all(channels.map((channel, at) => subscribed(channel, ['clusterManager.broadcast', 'clusterManager.follower.#'], (message) => heard[at].push(message))));
  channels.forEach((channel, at) => channel.publish('clusterManager.follower.1', at));
  await eventually(() => heard.every((all) => all.includes(0) && all.includes(1)), 'both managers have heard both');

  assert.deepEqual(lines.filter((line) => /refus|may not|denied|not trusted/.test(line)), []);
});

test('a module that has another module\'s ids, calls or messages to itself is refused by the same rules', { skip }, async (t) => {
  logOf();
  const come = await modules(t);
  const manager = await come('cluster_manager');
  await rpcServer(manager, 'owt-cluster', { ask: (from, reply) => reply('callback', 'ok') });
  for (const [role, id] of [['portal', 'owt-cluster'], ['webrtc_agent', worker('audio')], ['sip_agent', 'sip-portal'], ['management_api', worker('portal')], ['operator', 'sip-portal'], ['streaming_agent', 'stream-service']]) {
    await assert.rejects(rpcServer(await come(role), id, {}), /may not serve the id/, `${role} ${id}`);
  }
  const portal = await come('portal');
  await rpcServer(portal, worker('portal'), { ask: (from, reply) => reply('callback', 'ok') });
  const webrtc = await rpcClient(await come('webrtc_agent'));
  const [data, err] = await called(webrtc, worker('portal'), 'ask', ['webrtc_agent'], 5_000);
  assert.equal(data, 'error');
  assert.match(err, /owt:webrtc_agent may not call or cast to the id portal-/);
  assert.deepEqual(await called(webrtc, 'owt-cluster', 'ask', ['webrtc_agent'], 5_000), ['ok', undefined]);
});
