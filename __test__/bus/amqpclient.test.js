'use strict';

// What OWT's modules notice of the client itself, quirks included.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { performance } = require('node:perf_hooks');
const { inspect } = require('node:util');
const { test } = require('node:test');
const amqpClient = require('../../lib/dropin/amqpClient');
const { called, cluster, connected, eventually, freePort, participant, rpcClient, rpcServer, subscribed } = require('../support/bus');

test('options may have no prototype, and stay as they were', async (t) => {
  const { options } = await cluster(t);
  const toml = Object.assign(Object.create(null), options);
  const client = await connected(amqpClient(), toml);
  await client.disconnect();
  assert.deepEqual({ ...toml }, options);
});

test("a copy by Object.assign shares the connection and has a server of its own", async (t) => {
  const { join } = await cluster(t);
  const first = await join();
  const second = Object.assign(amqpClient(), first);
  await rpcServer(first, 'stream-service', { who: (reply) => reply('callback', 1) });
  await rpcServer(second, 'streamservice-1', { who: (reply) => reply('callback', 2) });
  const client = await rpcClient(await join());
  assert.deepEqual(await called(client, 'stream-service', 'who', []), [1, undefined]);
  assert.deepEqual(await called(client, 'streamservice-1', 'who', []), [2, undefined]);
});

test('a second asXxx gives the object of the first, and a second id is ignored', async (t) => {
  const { join } = await cluster(t);
  const bus = await join();
  assert.equal(await rpcClient(bus), await rpcClient(bus));
  assert.equal(await participant(bus, 'g'), await participant(bus, 'g'));
  assert.equal((await participant(bus, 'g')).bus, bus);
  const server = await rpcServer(bus, 'one', { ping: (reply) => reply('callback', 1) });
  assert.equal(await rpcServer(bus, 'two', {}), server);
  const target = () => new Promise((resolve) => bus.asMonitoringTarget(resolve));
  assert.equal(await target(), await target());
  assert.equal(typeof (await target()).notify, 'function');
});

test('a second asMonitor replaces the receiver', async (t) => {
  const { join } = await cluster(t);
  const bus = await join();
  const seen = [];
  const monitor = (name) => new Promise((resolve) => bus.asMonitor((event) => seen.push([name, event.reason]), resolve));
  await monitor('first');
  await monitor('second');
  bus.asMonitoringTarget((target) => target.notify('quit', {}));
  await eventually(() => seen.length > 0, 'the event');
  assert.deepEqual(seen, [['second', 'quit']]);
});

test('before it is connected a client says so, and disconnecting it is fine', async () => {
  const client = amqpClient();
  const failures = [];
  client.asRpcClient(() => assert.fail(), (why) => failures.push(why));
  client.asRpcServer('x', {}, () => assert.fail(), (why) => failures.push(why));
  client.asTopicParticipant('x', () => assert.fail(), (why) => failures.push(why));
  client.asMonitor(() => {}, () => assert.fail(), (why) => failures.push(why));
  client.asMonitoringTarget(() => assert.fail(), (why) => failures.push(why));
  assert.deepEqual(failures, Array(5).fill('amqp connection not ready'));
  assert.equal(await client.disconnect(), undefined);
  assert.equal(await client.disconnect(), undefined);
});

test('disconnecting settles what is pending, once, and what follows says that it is not ready', async (t) => {
  const { join } = await cluster(t);
  const bus = await join();
  await rpcServer(await join(), 'silent', { wait() {} });
  const client = await rpcClient(bus);
  const ends = [];
  client.remoteCall('silent', 'wait', [], { callback: (...got) => ends.push(got) }, 60_000);
  client.remoteCall('nobody', 'wait', [], { callback: (...got) => ends.push(got) }, 60_000);
  const start = performance.now();
  await bus.disconnect();
  assert.ok(performance.now() - start < 1000);
  assert.deepEqual(ends.map(([data]) => data), ['error', 'error']);
  assert.match(ends[0][1], /silent\.wait: this member left the bus \(after \d+ ms\)/);
  client.remoteCall('silent', 'wait', [], { callback: (...got) => ends.push(got) });
  client.remoteCast('silent', 'wait', []);
  await eventually(() => ends.length === 3, 'the third');
  assert.deepEqual(ends[2], ['error', 'rpc client is not ready']);
});

test('what is not in effect when a client disconnects is not reported as if it were', async (t) => {
  const { join } = await cluster(t);
  const bus = await join();
  const channel = await participant(bus, 'group');
  const told = [];
  bus.asRpcServer('late', {}, () => told.push('server'), () => told.push('server failed'));
  channel.subscribe(['a'], () => {}, () => told.push('subscribed'));
  bus.asMonitor(() => {}, () => told.push('monitor'), () => told.push('monitor failed'));
  await bus.disconnect();
  await new Promise(setImmediate);
  assert.deepEqual(told, []);
});

test('what cannot be said in JSON fails its call, in band and once', async (t) => {
  const { join } = await cluster(t);
  const bus = await join();
  await rpcServer(bus, 'x', { ok: (_, reply) => reply('callback', 1), big: (reply) => reply('callback', 1n) });
  const client = await rpcClient(bus);
  const circular = {};
  circular.self = circular;
  for (const args of [[1n], [circular]]) {
    const ends = [];
    client.remoteCall('x', 'ok', args, { callback: (...got) => ends.push(got) }, 100);
    client.remoteCast('x', 'ok', args);
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(ends.length, 1);
    assert.equal(ends[0][0], 'error');
    assert.match(ends[0][1], /^x\.ok: the arguments cannot be sent: .*(BigInt|circular)/s);
  }
  const [data, err] = await called(client, 'x', 'big', []);
  assert.equal(data, 'error');
  assert.match(err, /^The reply cannot be sent: .*BigInt/);
  assert.deepEqual(await called(client, 'x', 'ok', [1]), [1, undefined]);
});

test('callbacks that throw harm nobody', async (t) => {
  const { join } = await cluster(t);
  const bus = await join();
  const boom = () => {
    throw new Error('of the user');
  };
  await rpcServer(bus, 'x', { ping: (reply) => reply('callback', 1), async later() { throw new Error('rejected'); } });
  const client = await rpcClient(bus);
  client.remoteCall('x', 'ping', [], { callback: boom });
  client.remoteCall('nobody', 'ping', [], { callback: boom }, 20);
  const channel = await participant(bus, 'g');
  await subscribed(channel, ['#'], boom);
  channel.publish('k', 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(await called(client, 'x', 'later', []), ['error', 'rejected']);
  assert.deepEqual(await called(client, 'x', 'ping', []), [1, undefined]);
});

test('a lost peer is told at once, with its name, the method and the age', async (t) => {
  const { join, options } = await cluster(t);
  const bus = await join();
  const file = JSON.stringify(path.join(__dirname, '../../lib/dropin/amqpClient'));
  const script = `const c = require(${file})(); c.connect(${JSON.stringify(options)}, () => c.asRpcServer('victim', { wait() { process.kill(process.pid, 'SIGKILL'); } }, () => {}));`;
  const child = spawn(process.execPath, ['-e', script], { stdio: 'inherit' });
  t.after(() => child.kill('SIGKILL'));
  const client = await rpcClient(bus);
  const start = performance.now();
  const [data, reason] = await called(client, 'victim', 'wait', [], 30_000);
  assert.equal(data, 'error');
  assert.match(reason, /^victim\.wait: lost .+ at 127\.0\.0\.1:\d+.* \(after \d+ ms\)$/);
  assert.ok(performance.now() - start < 10_000);
});

test('a client shows no secret and no buffer when it is printed', async (t) => {
  const { join } = await cluster(t);
  const bus = await join();
  const printed = inspect(await rpcClient(bus), { depth: 10 });
  assert.ok(printed.length < 2000, printed);
  assert.doesNotMatch(printed, /Buffer|token|password/);
});

test('numbers, null and nothing as an id time out, and a bad id to serve is an error', async (t) => {
  const { join } = await cluster(t);
  const bus = await join();
  const client = await rpcClient(bus);
  for (const to of [undefined, null, 17, 'x'.repeat(300)]) assert.deepEqual(await called(client, to, 'm', [], 50), ['timeout']);
  for (const id of [undefined, '', 'x'.repeat(300)]) await assert.rejects(rpcServer(bus, id, {}), /An id must be a text of 1 to 255 bytes/);
  await assert.rejects(rpcServer(bus, '!webrtc', {}), /An id must not begin with !, and "!webrtc" does/);
});

test('the port of AMQP stands for the port of the registry', () => {
  const { fromRabbit } = require('../../lib/bus/config');
  assert.deepEqual(fromRabbit({ host: 'h', port: 5672 }), { registry: 'h:5680' });
  assert.deepEqual(fromRabbit({ host: 'h', port: 5671, vhost: 'v' }), { registry: 'h:5680', cluster: 'v' });
  assert.deepEqual(fromRabbit({ host: '::1', port: 7000, vhost: '/' }), { registry: '[::1]:7000' });
  assert.deepEqual(fromRabbit(undefined), { registry: 'localhost:5680' });
});

/** Runs a script with `client` and `options`; gives its output, what it wrote to stderr, and its exit code. */
async function run(t, script, { cwd, env } = {}) {
  const options = { host: '127.0.0.1', port: await freePort() };
  const file = JSON.stringify(path.join(__dirname, '../../lib/dropin/amqpClient'));
  const index = JSON.stringify(path.join(__dirname, '../..'));
  const text = `const client = require(${file})(); const options = ${JSON.stringify(options)}; const { setLogger } = require(${index}); ${script}`;
  const child = spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'pipe'], cwd, env: { ...process.env, ...env } });
  t.after(() => child.kill('SIGKILL'));
  let [output, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const start = performance.now();
  const [code] = await once(child, 'close');
  return { code, output, stderr, took: performance.now() - start };
}

test('required, made and never connected, a client holds nothing', async (t) => {
  assert.equal((await run(t, '')).code, 0);
});

test('a connected client holds the process, a disconnected one does not', async (t) => {
  const { code, output } = await run(t, "client.connect(options, () => setTimeout(() => { console.log('still here'); client.disconnect(); }, 300).unref());");
  assert.equal(code, 0);
  assert.equal(output, 'still here\n');
});

test('process.exit right after disconnect neither hangs nor aborts', async (t) => {
  const { code } = await run(t, "client.connect(options, () => client.asRpcServer('x', {}, () => { client.disconnect(); process.exit(7); }));");
  assert.equal(code, 7);
});

test('a store that cannot be used keeps nobody from joining, and one line says so', async (t) => {
  const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-'));
  t.after(() => fs.rmSync(cwd, { recursive: true }));
  fs.writeFileSync(path.join(cwd, '.owt.authstore'), 'whatever');
  const { output } = await run(t, "setLogger({ warn: console.log }); client.connect(options, () => client.disconnect());", { cwd });
  assert.equal(output.split('\n').filter((line) => line.includes('.owt.authstore')).length, 1);
});

test('the log of modules that know nothing of it is on stderr: warnings, more by OWT_GRPC_LOG, nothing by off', async (t) => {
  const script = 'client.connect(options, () => client.asRpcClient((rpc) => rpc.remoteCall("nobody", "x", [], { callback: () => client.disconnect() }, 50)));';
  const warning = / {2}- WARN: .* - owt-grpc: nobody\.x: nobody serves nobody \(after \d+ ms\)\n/;
  const joined = / {2}- INFO: .* - owt-grpc: joined as \S+ by the registry 127\.0\.0\.1:\d+\n/;
  for (const [level, isWarned, isNamed] of [[undefined, true, false], ['warn', true, false], ['info', true, true], ['off', false, false]]) {
    const { output, stderr } = await run(t, script, { env: { OWT_GRPC_LOG: level } });
    assert.deepEqual([output, warning.test(stderr), joined.test(stderr)], ['', isWarned, isNamed], stderr);
    if (!isWarned) assert.equal(stderr, '');
  }
});

test('plaintext leaves this machine only if it is asked to', async (t) => {
  const script = "client.connect({ host: '192.0.2.1', port: 5680 }, () => {}, (error) => console.log(error.message));";
  const { code, output } = await run(t, script);
  assert.equal(code, 0);
  assert.match(output, /the registry 192\.0\.2\.1:5680 is not on this machine.*OWT_GRPC_INSECURE=1/);
});

test('what is wrong with the environment is said with the name of the variable', async (t) => {
  const script = 'client.connect(options, () => {}, (error) => console.log(error.message));';
  for (const [env, expected] of [
    [{ OWT_GRPC_REGISTRY: 'no port:x' }, /OWT_GRPC_REGISTRY "no port:x" is not host:port/],
    [{ OWT_GRPC_REGISTRY: 'etcds://u:secret@a' }, /OWT_GRPC_REGISTRY "etcds:\/\/…@a" must begin with etcd:\/\//],
    [{ OWT_GRPC_ADVERTISE: 'a:99999' }, /OWT_GRPC_ADVERTISE "a:99999" is not host:port/],
    [{ OWT_GRPC_SSL: '1' }, /OWT_GRPC_SSL asks for TLS, and OWT_GRPC_ROOT_CERT, .* are not set/],
  ]) {
    const { code, output } = await run(t, script, { env });
    assert.equal(code, 0);
    assert.match(output, expected);
  }
});
