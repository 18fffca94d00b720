'use strict';

// docs/cli.md: the commands that look at what runs, or run a registry, in its
// order, with members and a server that they fit. docs/pages.test.js has the others.

const assert = require('node:assert').strict;
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Server, connectBus } = require('../..');
const { eventually, freePort } = require('../support/bus');
const { cleanEnvironment } = require('../support/cli');
const { blocksFor } = require('../support/docs/markdown');
const { tempFolder } = require('../support/cli/stores');
const { command } = require('../support/cli/terminal');

const docs = (name) => fs.readFileSync(path.join(__dirname, '../../docs', name), 'utf8');
const MINE = ['registry', 'status', 'tap', 'rpc', 'call', 'doctor'];
const sections = (text) => text.split(/^## /m).filter((section) => MINE.includes(section.split('\n')[0]));
const skip = (process.platform === 'win32' || spawnSync('sh', ['-c', ':']).error !== undefined) && 'needs a POSIX shell';

test('the commands of registry, status, tap, rpc, call and doctor do what docs/cli.md says', { skip, timeout: 120_000 }, async (t) => {
  const cwd = tempFolder(t);
  fs.symlinkSync(command, path.join(cwd, 'owt-grpc'));
  const server = new Server().addService('clusterManager', {
    getWorkers: async ({ request }) => ({ list: [`${request.purpose}-1`] }),
    schedule: async ({ request }) => ({ id: `for ${request.task}` }),
  });
  const grpcPort = await server.listen('127.0.0.1:0');
  t.after(() => server.stop({ graceMs: 0 }));
  const port = await freePort();
  const scripts = blocksFor('docs/cli.md', 'cli/commands-docs').map((text) => text.replace(/5680/g, String(port)).replace(/10080/g, String(grpcPort)));
  const [registry, status, json, inGrpcMode, tap, errors, rpc, call, doctor, ...others] = scripts;
  assert.deepEqual(others, [], 'a command that is not tested');
  const env = { ...cleanEnvironment({ OWT_GRPC_REGISTRY: `127.0.0.1:${port}` }), PATH: `${cwd}:${path.dirname(process.execPath)}:${process.env.PATH}` };
  const start = (script) => {
    const child = spawn('sh', ['-ec', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    t.after(() => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) child[name].on('data', (chunk) => (output[name] += chunk));
    return { child, output, closed: once(child, 'close') };
  };
  const run = async (script) => {
    const { output, closed } = start(script);
    const [code] = await closed;
    assert.equal(code, 0, `${script}${output.stdout}${output.stderr}`);
    return output.stdout;
  };

  const hosting = start(registry);
  await eventually(() => hosting.output.stdout.includes(`listening on 0.0.0.0:${port}`), 'the registry listens');
  const bus = await connectBus({ registry: `127.0.0.1:${port}`, host: false });
  t.after(() => bus.close());
  await bus.serve('portal-1', { join: (room, name) => `${name} is in ${room}`, leave: () => Promise.reject(new Error('not in')) });

  assert.match(await run(status), /1 member[^]*errors {2}failed {2}p99 ms[^]* serves\n.* portal-1\n/);
  assert.deepEqual(JSON.parse(await run(json)).members[0].ids, ['portal-1']);
  const tools = JSON.stringify(path.join(__dirname, '../../lib/dropin/grpcTools'));
  const module = start(`OWT_GRPC_STATUS_DIR=$PWD/status exec node -e 'require(${tools}).startServer("clusterManager", {}).then(console.log)'`);
  await eventually(() => module.output.stdout.includes('\n'), 'a module with gRPC runs');
  assert.match(await run(inGrpcMode), /1 process\n[^]*\bclusterManager at \d+ for 0 clients\n$/);
  const tapping = start(tap);
  await eventually(async () => (await bus.status()).members.some(({ subscriptions }) => subscriptions.length > 0), 'the tap is known');
  const failing = start(errors);
  await eventually(async () => (await bus.status()).members.filter(({ subscriptions }) => subscriptions.length > 0).length === 2, 'the other tap is known, too');
  assert.equal(await run(rpc), '"Ann is in room1"\n{"data":"Bob is in room1"}\n');
  assert.equal((await tapping.closed)[0], 0);
  await bus.call('portal-1', 'leave').catch(() => {});
  assert.equal((await failing.closed)[0], 0);
  assert.match(failing.output.stdout, /^\S+ call .*portal-1\.leave [^]*reply .*portal-1\.leave after \d+ ms "error" "not in"/);
  assert.match(tapping.output.stdout, /call .*portal-1\.join \["room1","Ann"\][^]*reply .*portal-1\.join after \d+ ms "Ann is in room1"/);
  assert.equal(await run(call), '{\n  "list": [\n    "webrtc-1"\n  ]\n}\n{"id":"for t1","info":null}\n');
  assert.match(await run(doctor), /OWT_GRPC_REGISTRY: a registry of the bus answers[^]*0 errors/);
});

test('what docs/cli.md has of a command, its help has', () => {
  const found = sections(docs('cli.md'));
  assert.equal(found.length, MINE.length);
  for (const section of found) {
    const name = section.slice(0, section.indexOf('\n'));
    const { help, summary } = require(`../../lib/cli/${name}`);
    assert.ok(summary.length > 0 && help.startsWith(`Usage: owt-grpc ${name}`), name);
    const used = section.matchAll(/(?:owt-grpc [^\n|]*| |`)(--[a-z]+)/g);
    for (const [, option] of used) assert.ok(help.includes(option), `${name} ${option}`);
  }
});
