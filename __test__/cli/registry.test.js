'use strict';

// A registry that stands alone, as a function and as a process.

const assert = require('node:assert').strict;
const { spawn, spawnSync } = require('node:child_process');
const net = require('node:net');
const { once } = require('node:events');
const { createInterface } = require('node:readline');
const { test } = require('node:test');
const { timeoutSignal } = require('../support/grpc/signals');
const grpc = require('@grpc/grpc-js');
const { connectBus, startRegistry } = require('../..');
const { isStartedByNpx } = require('../../lib/cli/support/npx');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { eventually } = require('../support/bus');
const { Member, listens } = require('../support/bus/member');
const { cleanEnvironment, owtGrpc, registryProcess } = require('../support/cli');
const { hosts, noHosts } = require('../support/net/hosts');
const { project } = require('../support/docs/markdown');
const { failureOf, pairOf, withEnvironment } = require('../support/tls');

const limit = { timeout: 120_000 };
/** Older ones run what is installed in other ways. */
const noNpm = !(parseInt(spawnSync('npm', ['--version'], { encoding: 'utf8' }).stdout, 10) >= 7) && 'needs npm 7 or newer';

/** What another implementation gets for a health check. */
function health(port, credentials = grpc.credentials.createInsecure()) {
  const client = new grpc.Client(`localhost:${port}`, credentials);
  const raw = (value) => value;
  return new Promise((resolve, reject) => {
    const settle = (error, reply) => (error ? reject(error) : resolve(reply));
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', raw, raw, Buffer.alloc(0), { deadline: Date.now() + 10_000 }, settle);
  }).finally(() => client.close());
}

test('members find each other through a registry that none of them is', limit, async (t) => {
  const registry = await startRegistry({ listen: '127.0.0.1:0' });
  t.after(() => registry.stop());
  const where = { registry: `127.0.0.1:${registry.port}` };
  const [a, b] = await Promise.all([connectBus(where), connectBus(where)]);
  t.after(() => Promise.all([a.close(), b.close()]));
  await a.serve('adder', { add: (x, y) => x + y });
  assert.equal(await b.call('adder', 'add', [1, 2]), 3);
  const other = await failureOf(() => connectBus({ ...where, cluster: 'other' }));
  assert.match(other.message, /this side belongs to the cluster "other", the other side to "owt"/);
});

test('it answers a health check of another implementation', limit, async (t) => {
  const registry = await startRegistry({ listen: '127.0.0.1:0' });
  t.after(() => registry.stop());
  const SERVING = Buffer.from([8, 1]);
  assert.deepEqual(await health(registry.port), SERVING);
});

test('that npx has started it is known by what npx was told to run', () => {
  for (const [env, isIt] of [
    [{}, false],
    [{ npm_lifecycle_event: 'npx', npm_lifecycle_script: "'owt-grpc'" }, true],
    [{ npm_lifecycle_event: 'npx', npm_lifecycle_script: 'owt-grpc registry --listen 0.0.0.0:5680' }, true],
    // Daemons that a script has left behind, and those of another command.
    [{ npm_lifecycle_event: 'start', npm_lifecycle_script: 'owt-grpc registry &' }, false],
    [{ npm_lifecycle_event: 'npx', npm_lifecycle_script: "'pm2' start owt-grpc" }, false],
    [{ npm_lifecycle_event: 'npx', npm_lifecycle_script: 'owt-grpc-other' }, false],
  ]) assert.equal(isStartedByNpx(env), isIt, JSON.stringify(env));
});

for (const signal of process.platform === 'linux' ? ['SIGTERM', 'SIGKILL'] : process.platform === 'win32' ? [] : ['SIGTERM']) {
  test(`started by npx it ends when that gets ${signal}, and its port is free`, { ...limit, skip: noNpm }, async (t) => {
    const cwd = project(t);
    const npx = spawn('npm', ['exec', '--offline', '--', 'owt-grpc', 'registry', '--json', '--listen', '127.0.0.1:0'], { cwd, env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    // All of its group, whatever became of it.
    t.after(() => {
      try {
        process.kill(-npx.pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    });
    const { value } = await createInterface({ input: npx.stdout })[Symbol.asyncIterator]().next();
    const { port } = JSON.parse(value);
    assert.deepEqual(await health(port), Buffer.from([8, 1]));
    npx.kill(signal);
    await eventually(() => health(port).then(() => false, () => true), 'nobody listens', 20_000);
    await (await startRegistry({ listen: `127.0.0.1:${port}` })).stop();
  });
}

test('stopping frees the port at once, and twice is fine', limit, async () => {
  const first = await startRegistry({ listen: '127.0.0.1:0' });
  await Promise.all([first.stop(), first.stop()]);
  const second = await startRegistry({ listen: `127.0.0.1:${first.port}` });
  assert.equal(second.port, first.port);
  await second.stop();
});

test('a port that is taken, and an address that is none, are errors that say so', limit, async (t) => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const taken = await failureOf(() => startRegistry({ listen: `127.0.0.1:${other.address().port}` }));
  assert.equal(taken.code, 'EADDRINUSE');
  assert.match(taken.message, /OWT_GRPC_HOST_REGISTRY=0/);
  assert.match((await failureOf(() => startRegistry({ listen: '1:2:3' }))).message, /option listen "1:2:3" is not host:port/);
  assert.match((await failureOf(() => startRegistry({ lisen: '' }))).message, /option lisen is not known/);
  const { code, stderr } = await owtGrpc(t, ['registry', '--listen', 'nowhere:x']);
  assert.deepEqual([code, /option --listen "nowhere:x" is not host:port/.test(stderr)], [2, true]);
  const cli = await owtGrpc(t, ['registry', '--listen', `127.0.0.1:${other.address().port}`]);
  assert.equal(cli.code, 1);
  assert.match(cli.stderr, /another process listens there/);
});

test('beyond this machine it wants TLS, or to be told that plaintext is fine', limit, async () => {
  const { message } = await failureOf(() => startRegistry({ listen: '0.0.0.0:0' }));
  assert.match(message, /cannot listen on 0\.0\.0\.0:0: it would be reached from other machines in plaintext: set up TLS, or OWT_GRPC_INSECURE=1/);
  for (const start of [
    () => startRegistry({ listen: '0.0.0.0:0', insecure: true }),
    () => withEnvironment({ OWT_GRPC_INSECURE: '1' }, () => startRegistry({ listen: '0.0.0.0:0' })),
  ]) await (await start()).stop();
});

test('with TLS only members whose certificates are accepted come in', { ...limit, skip: !hasOpenssl && 'needs openssl' }, async (t) => {
  const shop = new Workshop(t).good();
  const registry = await startRegistry({ listen: '0.0.0.0:0', tls: pairOf(shop, 'server') });
  t.after(() => registry.stop());
  const where = { registry: `localhost:${registry.port}`, host: false };
  const bus = await connectBus({ ...where, tls: pairOf(shop, 'server') });
  assert.deepEqual((await bus.status()).members, []);
  await bus.close();
  const plaintext = await failureOf(() => connectBus({ ...where, tls: false, signal: timeoutSignal(10_000) }));
  assert.match(plaintext.message, /TLS|taken by another program|not accepted/);
});

test('while it is away members stay what they are, if they are told not to take its place', { ...limit, skip: process.platform !== 'linux' && 'looks into /proc' }, async (t) => {
  const registry = await registryProcess(t);
  const env = { OWT_GRPC_HOST_REGISTRY: '0' };
  const a = await Member.start(t, registry.port, 'a', env);
  assert.equal(await registry.end(), 0);
  await eventually(async () => !(await a.tell('status')).registry.connected, 'it sees that the registry is gone');
  const late = await Member.spawn(t, registry.port, 'b', env);
  const joining = late.tell('join');
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(listens(a.pid, registry.port) || listens(late.pid, registry.port), false);
  await registryProcess(t, { port: registry.port });
  await joining;
  await eventually(async () => (await a.tell('status')).members.length === 1, 'they know each other');
});

/** Members under load; the registry is killed and started again, and stopped and started again. */
async function restartUnderLoad(t, { registryAt, start, members }) {
  let registry = await start();
  const [a, b] = await members(registry.port);
  await a.tell('load', { to: 'b', inFlight: 8, every: 1 });
  await b.tell('load', { to: 'a', inFlight: 8, every: 1 });
  const epochs = new Set();
  const connected = async (member) => {
    const { registry: session, members: others } = await member.tell('status');
    if (session.connected) epochs.add(session.epoch);
    return session.connected && others.length === 1;
  };
  for (const signal of ['SIGKILL', 'SIGTERM']) {
    for (const member of [a, b]) await eventually(() => connected(member), 'it is registered');
    const before = epochs.size;
    await registry.end(signal);
    registry = await start(registryAt ?? registry.port);
    for (const member of [a, b]) {
      await eventually(async () => (await connected(member)) && epochs.size > before, 'it is registered again');
    }
  }
  for (const [member, to] of [[a, 'b'], [b, 'a']]) {
    const { failures, replied, unsettled } = await member.tell('unload', to);
    assert.deepEqual({ failures, unsettled }, { failures: [], unsettled: 0 });
    assert.ok(replied > 100, `${replied} calls`);
    t.diagnostic(`${replied} calls to ${to} while the registry was started twice again: none failed`);
  }
  const third = await members(registry.port, ['c']);
  await third[0].tell('load', { to: 'a' });
  await eventually(async () => (await third[0].tell('loaded', 'a')).replied > 0, 'a new member reaches those who were there');
}

test('started again under load, members register again and no call fails', limit, async (t) => {
  await restartUnderLoad(t, {
    start: (port) => registryProcess(t, { port }),
    members: (port, ids = ['a', 'b']) => Promise.all(ids.map((id) => Member.start(t, port, id, { OWT_GRPC_HOST_REGISTRY: '0' }))),
  });
});

test('the same with TLS by OWT\'s variables', { ...limit, skip: !hasOpenssl && 'needs openssl' }, async (t) => {
  const shop = new Workshop(t).good();
  const env = shop.environment();
  await restartUnderLoad(t, {
    start: (port) => registryProcess(t, { port, env, cwd: shop.folder }),
    members: (port, ids = ['a', 'b']) => Promise.all(ids.map((id) => Member.start(t, `localhost:${port}`, id, { ...env, OWT_GRPC_HOST_REGISTRY: '0' }))),
  });
});

test('members on three machines, one of them the registry\'s, reach each other; it is started again under load', { ...limit, skip: noHosts }, async (t) => {
  const [hub, ...others] = hosts(t, 3);
  const port = 5680;
  const env = { OWT_GRPC_INSECURE: '1' };
  const places = { a: others[0], b: others[1], c: hub };
  await restartUnderLoad(t, {
    registryAt: port,
    start: () => registryProcess(t, { host: '0.0.0.0', port, env, within: hub.within }),
    members: (at, ids = ['a', 'b']) => Promise.all(ids.map((id) => Member.start(t, `${hub.address}:${at}`, id, env, places[id].within))),
  });
});
