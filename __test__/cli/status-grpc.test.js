'use strict';

// `owt-grpc status --grpc`: processes with OWT's gRPC helper, by the sockets that they have where they are told to.

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { test } = require('node:test');
const { cleanEnvironment, owtGrpc } = require('../support/cli');
const { tempFolder } = require('../support/cli/stores');

const limit = { timeout: 60_000, skip: process.platform === 'win32' && 'its sockets are in no folder' };
const TOOLS = JSON.stringify(path.join(__dirname, '../../lib/dropin/grpcTools'));
const SERVER = `const tools = require(${TOOLS});
  tools.startServer('clusterManager', { getWorkers: (call, callback) => callback(null, { list: [] }), quit: (call, callback) => callback(new Error('no')) }).then(console.log);`;
const CLIENT = (port) => `const client = require(${TOOLS}).startClient('clusterManager', 'localhost:${port}');
  const call = (method) => new Promise((resolve) => client[method]({}, resolve));
  (async () => { for (const method of ['getWorkers', 'getWorkers', 'quit']) await call(method); console.log('done'); setInterval(() => {}, 1000); })();`;

/** A module's process, in a folder of its name, once it has said a line. */
async function start(t, name, code, env) {
  const folder = path.join(tempFolder(t), name);
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'index.js'), code);
  const child = spawn(process.execPath, ['.'], { cwd: folder, env: cleanEnvironment(env), stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  return { child, line: value };
}

test('each process tells its servers, their clients, and its calls; one that is gone is not shown', limit, async (t) => {
  const folder = path.join(tempFolder(t), 'status');
  const env = { OWT_GRPC_STATUS_DIR: folder };
  const status = (...args) => owtGrpc(t, ['status', '--grpc', '--interval', '0', ...args], { env });
  const server = await start(t, 'cluster_manager', SERVER, env);
  const port = Number(server.line);
  const client = await start(t, 'portal', CLIENT(port), env);
  const { code, stdout } = await status('--json');
  assert.equal(code, 0);
  const { members } = JSON.parse(stdout);
  const [manager, portal] = ['cluster_manager', 'portal'].map((name) => members.find(({ module }) => module === name));
  assert.deepEqual(manager.ids, [`clusterManager at ${port} for 1 client`]);
  assert.deepEqual([manager.pid, manager.received.calls, manager.received.failed, manager.sent.calls], [String(server.child.pid), 3, 1, 0]);
  assert.deepEqual([portal.ids, portal.sent.calls, portal.sent.failed, portal.received.calls, typeof portal.p99Ms], [[], 3, 1, 0, 'number']);

  const { stdout: text } = await status('--details', '--width', '120');
  assert.match(text, /^gRPC, by the sockets in .*status \(OWT_GRPC_STATUS_DIR\) {2}2 processes\n/);
  assert.match(text, new RegExp(`\ncluster_manager +${server.child.pid} .* clusterManager at ${port}`));
  assert.doesNotMatch(text, /casts|waiting|KeepAlive/, 'what there is nothing of');
  assert.match(text, /calls owt\.\w+\/GetWorkers: 2 in all, 0 failed, 0 under way/i);
  assert.match(text, /answers owt\.\w+\/Quit: 1 in all, 1 failed, 0 under way/i);
  assert.match((await status('--module', 'portal')).stdout, /\nportal/);

  client.child.kill('SIGKILL');
  await once(client.child, 'close');
  assert.deepEqual(JSON.parse((await status('--json')).stdout).members.map(({ module }) => module), ['cluster_manager']);
  // What it has left, the next one takes away.
  await start(t, 'portal', CLIENT(port), env);
  assert.equal(fs.readdirSync(folder).length, 2);
});

test('sockets are for their user alone, and a process that ends takes its own away', limit, async (t) => {
  const folder = path.join(tempFolder(t), 'status');
  const { child } = await start(t, 'cluster_manager', `${SERVER} process.stdin.on('data', () => process.exit());`, { OWT_GRPC_STATUS_DIR: folder });
  const [file] = fs.readdirSync(folder);
  assert.equal(fs.statSync(path.join(folder, file)).mode & 0o777, 0o600);
  assert.equal(fs.statSync(folder).mode & 0o777, 0o700);
  child.stdin.write('\n');
  await once(child, 'close');
  assert.deepEqual(fs.readdirSync(folder), []);
});

test('nothing is opened unasked, a folder that cannot be is a warning, and what is missing is said', limit, async (t) => {
  const folder = tempFolder(t);
  const file = path.join(folder, 'file');
  fs.writeFileSync(file, '');
  await start(t, 'cluster_manager', SERVER, {});
  const module = await start(t, 'cluster_manager', `console.error = console.warn = console.log; require(${JSON.stringify(path.join(__dirname, '../..'))}).setLogger({ warn: console.log }); ${SERVER}`, { OWT_GRPC_STATUS_DIR: path.join(file, 'x') });
  assert.match(module.line, /OWT_GRPC_STATUS_DIR: nobody can be told of this process at .*ENOTDIR/);
  const none = await owtGrpc(t, ['status', '--grpc']);
  assert.deepEqual([none.code, /--grpc needs OWT_GRPC_STATUS_DIR/.test(none.stderr)], [2, true]);
  const missing = await owtGrpc(t, ['status', '--grpc'], { env: { OWT_GRPC_STATUS_DIR: path.join(folder, 'none') } });
  assert.deepEqual([missing.code, /none cannot be read \(ENOENT\)/.test(missing.stderr)], [1, true]);
  assert.equal((await owtGrpc(t, ['status', '--grpc', '--registry', 'a:1'], { env: { OWT_GRPC_STATUS_DIR: folder } })).code, 2);
});

test('one whose JavaScript is busy is named as such, and the exit code is 1', limit, async (t) => {
  const folder = path.join(tempFolder(t), 'status');
  const env = { OWT_GRPC_STATUS_DIR: folder };
  const { child } = await start(t, 'cluster_manager', SERVER, env);
  child.kill('SIGSTOP');
  const { code, stdout } = await owtGrpc(t, ['status', '--grpc', '--interval', '0', '--timeout', '200'], { env });
  assert.equal(code, 1);
  assert.match(stdout, new RegExp(`${child.pid}\\.sock does not answer: no answer within 200 ms`));
});
