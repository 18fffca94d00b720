'use strict';

// docs/migrating-from-rabbitmq.md: its commands are run in its order, on an
// installation whose modules are processes.

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { eventually, freePort } = require('../support/bus');
const { cleanEnvironment } = require('../support/cli');
const { blocksFor, installInto, pathWithNpx } = require('../support/docs/markdown');
const { installation, preload, snapshot, write } = require('../support/cli/owt-tree');

const skip = process.platform === 'win32' && 'needs a POSIX shell';

/** Says what it is on; on the bus, it is a cluster manager, or a worker that calls it. */
const MODULE = (isManager) => `
const fs = require('node:fs');
const bus = require('./amqpClient')();
process.on('SIGTERM', () => (bus.disconnect ? bus.disconnect() : Promise.resolve()).then(() => process.exit()));
process.on('exit', () => fs.rmSync('runs'));
const say = (text) => fs.appendFileSync('said', text + '\\n');
if (bus.is) { say(bus.is); setInterval(() => {}, 1000); }
else bus.connect({ host: 'localhost', port: 5672 }, () => {
  say('the bus');
  ${isManager
    ? "bus.asRpcServer('owt-cluster', { keepAlive: (id, reply) => reply('callback', 'whoareyou') }, () => say('serves'));"
    : "bus.asRpcClient((client) => setInterval(() => client.remoteCall('owt-cluster', 'keepAlive', ['portal-1'], { callback: () => {} }), 100));"}
});
`;

/** As OWT's own: all modules in the background, and their end. A module takes its file `runs` away when it ends. */
const START = `#!/bin/sh
for name in cluster_manager portal; do
  touch $name/runs
  (cd $name && exec node index.js >/dev/null 2>&1 </dev/null) & echo $! >> pids
done
`;
const STOP = `#!/bin/sh
kill $(cat pids)
while [ -e cluster_manager/runs ] || [ -e portal/runs ]; do sleep 0.02; done
rm pids
`;

/** An installation whose modules run, with owt-grpc in its node_modules. */
async function runningInstallation(t) {
  const owt = installation(t, ['cluster_manager', 'portal']);
  // `doctor` tells whom OWT's daemon.sh would not start.
  write(owt, { 'package.json': JSON.stringify({ name: 'OWT', engine: { node: process.versions.node } }) });
  write(owt, { 'bin/start-all.sh': START, 'bin/stop-all.sh': STOP, 'cluster_manager/index.js': MODULE(true), 'portal/index.js': MODULE(false) });
  for (const name of ['start', 'stop']) fs.chmodSync(path.join(owt, `bin/${name}-all.sh`), 0o755);
  for (const name of ['cluster_manager/cluster_manager.toml', 'portal/portal.toml']) {
    const file = path.join(owt, name);
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('8080', String(await freePort())));
  }
  installInto(owt);
  return owt;
}

const said = (owt, name) => (fs.existsSync(path.join(owt, name, 'said')) ? fs.readFileSync(path.join(owt, name, 'said'), 'utf8').trim().split('\n') : []);
/** Ends what `start-all.sh` has started and nobody has stopped. */
function endModules(owt) {
  const pids = path.join(owt, 'pids');
  if (!fs.existsSync(pids)) return;
  for (const pid of fs.readFileSync(pids, 'utf8').trim().split('\n')) process.kill(Number(pid), 'SIGKILL');
}

/** Whether both modules have started on it, and so can be stopped. */
const isOn = (owt, what) => ['cluster_manager', 'portal'].every((name) => said(owt, name).filter((line) => line !== 'serves').slice(-1)[0] === what);
const runtime = ['pids', ...['cluster_manager', 'portal'].flatMap((name) => [`${name}/said`, `${name}/runs`])];

test('the commands of docs/migrating-from-rabbitmq.md take an installation to the bus and back', { skip, timeout: 120_000 }, async (t) => {
  const [stores, look, registry, stop, beside, check, back, ...others] = blocksFor('docs/migrating-from-rabbitmq.md', 'docs/migrating');
  assert.deepEqual(others, [], 'a command that is not tested');
  /** @type {string[]} */
  const trees = [];
  // Before the folders go: their files say which processes there are.
  t.after(() => trees.forEach(endModules));
  const [owt, next] = [await runningInstallation(t), await runningInstallation(t)];
  trees.push(owt, next);
  const [port, nextPort] = [await freePort(), await freePort()];
  const env = { ...cleanEnvironment({ OWT_GRPC_REGISTRY: `127.0.0.1:${port}` }), PATH: pathWithNpx(t), NODE_OPTIONS: preload.join('=') };
  const start = (script) => {
    const here = script.replace(/\/opt\/owt-next/g, next).replace(/\/opt\/owt/g, owt).replace(/5681/g, String(nextPort)).replace(/10\.0\.0\.1:5680/g, `127.0.0.1:${port}`);
    const child = spawn('sh', ['-ec', here], { cwd: owt, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
    t.after(() => child.kill('SIGKILL'));
    return { child, output: () => output, closed: once(child, 'close') };
  };
  const sh = async (script) => {
    const { output, closed } = start(script);
    assert.equal((await closed)[0], 0, `${script}${output()}`);
    return output();
  };

  const before = snapshot(owt, runtime);
  write(owt, { 'cluster_manager/.owt.authstore': 'the store' });
  await sh(stores);
  assert.equal(fs.readFileSync(path.join(owt, 'portal/.owt.authstore'), 'utf8'), 'the store');
  assert.ok(!fs.existsSync(path.join(owt, 'bin/.owt.authstore')));
  // They are no stores: what follows needs none.
  for (const name of ['cluster_manager', 'portal']) fs.rmSync(path.join(owt, name, '.owt.authstore'));

  await sh('bin/start-all.sh');
  await eventually(() => isOn(owt, 'the amqp client'), 'it runs on RabbitMQ\'s client');
  assert.match(await sh(look), /^\+module\.exports = require\('owt-grpc\/amqpClient'\);$/m);
  assert.deepEqual(snapshot(owt, runtime), before);

  await sh(stop);
  await eventually(() => isOn(owt, 'the bus') && said(owt, 'cluster_manager').includes('serves'), 'it runs on the bus');
  const checked = await sh(check);
  assert.match(checked, /OWT_GRPC_REGISTRY: a registry of the bus answers[^]*\b0 errors/);
  assert.match(checked, /2 members[^]* serves\n[^]* owt-cluster\n/);
  assert.match(checked, /owt-cluster\.keepAlive \["portal-1"\]/);
  assert.match(checked, /"whoareyou"\n$/);

  // Nobody of the first cluster is seen in the second, whose own come in one by one.
  assert.match(await sh(beside), /owt-next[^]*\b[12] members?\b/);

  await sh(back);
  await eventually(() => isOn(owt, 'the amqp client'), 'it is back');
  assert.deepEqual(snapshot(owt, runtime), before);
  await sh('bin/stop-all.sh');

  const alone = start(registry.replace('npx', 'exec npx'));
  await eventually(() => alone.output().includes(`listening on 127.0.0.1:${port}`), 'the registry listens');
  alone.child.kill('SIGTERM');
  assert.equal((await alone.closed)[0], 0, alone.output());
});
