'use strict';

// Which ports members listen on, where somebody has named them: OWT_GRPC_PORTS,
// OWT_GRPC_ADVERTISE and their options. Nobody who was started with its parent's
// environment stands in its way.

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { test } = require('node:test');
const { connectBus } = require('../..');
const { connected, eventually, freePort } = require('../support/bus');
const { Member } = require('../support/bus/member');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { cleanEnvironment, registryProcess } = require('../support/cli');
const { hosts, noHosts } = require('../support/net/hosts');
const { blocksFor } = require('../support/docs/markdown');
const { freeRange, taken } = require('../support/bus/ports');
const { failureOf, pairOf, withEnvironment } = require('../support/tls');
const amqpClient = require('../../lib/dropin/amqpClient');

const limit = { timeout: 120_000 };
const AGENT = path.join(__dirname, '../support/bus/agent-process.js');

const portOf = (address) => Number(address.split(':').pop());

/** An agent and its nodes: what each of them prints, until the test is over. */
function agent(t, { id, members, nodes, env }) {
  const child = spawn(process.execPath, [AGENT, id, String(members), String(nodes)], { env: cleanEnvironment(env), stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.stdin.end());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => JSON.parse((await lines.next()).value);
}

async function place(t) {
  const registry = `127.0.0.1:${await freePort()}`;
  const host = await connectBus({ registry });
  t.after(() => host.close());
  return { registry, host };
}

test('twenty members of agents and their nodes share a range of twenty ports, and the next one is told what to do', limit, async (t) => {
  const { registry, host } = await place(t);
  const { first, last, range } = await freeRange(20);
  const env = { OWT_GRPC_REGISTRY: registry, OWT_GRPC_PORTS: range };
  const agents = ['a', 'b'].map((id) => agent(t, { id, members: 5, nodes: 1, env }));
  const joined = Object.assign({}, ...(await Promise.all(agents.map(async (line) => ({ ...(await line()), ...(await line()) })))));
  const ports = Object.values(joined).map((address) => (typeof address === 'string' ? portOf(address) : address));
  assert.deepEqual(ports.sort((a, b) => a - b), Array.from({ length: 20 }, (_, n) => first + n));
  for (const id of Object.keys(joined)) assert.equal(await host.call(id, 'where'), id);

  const late = await failureOf(() => withEnvironment({ OWT_GRPC_PORTS: range }, () => connectBus({ registry })));
  assert.equal(late.code, 'REFUSED');
  assert.match(late.message, new RegExp(`cannot listen at 127\\.0\\.0\\.1: none of the ports ${first}-${last} that OWT_GRPC_PORTS names is free.*own.*name more ports`));
  const byClient = await failureOf(() => withEnvironment({ OWT_GRPC_PORTS: range }, () => connected(amqpClient(), { host: '127.0.0.1', port: portOf(registry) })));
  assert.equal(byClient.message, late.message);
});

test("what docs/operations.md sets gives each member a port of its range", limit, async (t) => {
  const { registry, host } = await place(t);
  const [text] = blocksFor('docs/operations.md', 'bus/ports');
  const child = spawn('sh', ['-c', `${text}\nexec "$0" "$@"`, process.execPath, AGENT, 'agent', '2', '1'], { env: cleanEnvironment({ OWT_GRPC_REGISTRY: registry }), stdio: ['pipe', 'ignore', 'inherit'] });
  t.after(() => child.stdin.end());
  await eventually(async () => (await host.status()).members.length === 4, 'all four have joined');
  for (const { address } of (await host.status()).members) assert.ok(portOf(address) >= 7000 && portOf(address) <= 7099, address);
});

test('options name the ports, too: a range, one port, and those behind the host to advertise', limit, async (t) => {
  const { registry, host } = await place(t);
  const { first, last, range } = await freeRange(3);
  for (const [how, expected] of [
    [{ ports: range }, '127.0.0.1'],
    [{ ports: first }, '127.0.0.1'],
    [{ ports: String(last) }, '127.0.0.1'],
    [{ advertise: `localhost:${range}` }, 'localhost'],
    [{ advertise: `localhost:${last}` }, 'localhost'],
    [{ advertise: 'localhost', ports: range }, 'localhost'],
    [{ advertise: `localhost:${range}`, ports: range }, 'localhost'],
  ]) {
    const member = await connectBus({ registry, ...how });
    await member.serve('x', { ping: () => 'pong' });
    const { address } = await member.status();
    assert.ok(portOf(address) >= first && portOf(address) <= last, `${address} of ${JSON.stringify(how)}`);
    assert.equal(address, `${expected}:${portOf(address)}`);
    assert.equal(await host.call('x', 'ping'), 'pong');
    await member.close();
  }
});

test('a port that is taken is named with its address and the setting that names it', limit, async (t) => {
  const { registry } = await place(t);
  const { first } = await freeRange(1);
  await taken(t, first);
  const join = (how) => connectBus({ registry, ...how });
  for (const [setting, attempt] of [
    ['OWT_GRPC_ADVERTISE', () => withEnvironment({ OWT_GRPC_ADVERTISE: `localhost:${first}` }, () => join({}))],
    ['OWT_GRPC_PORTS', () => withEnvironment({ OWT_GRPC_PORTS: String(first) }, () => join({}))],
    ['connectBus: option advertise', () => join({ advertise: `localhost:${first}` })],
    ['connectBus: option ports', () => join({ ports: first })],
  ]) {
    const { code, message } = await failureOf(attempt);
    assert.equal(code, 'REFUSED');
    assert.ok(message.includes(`cannot listen at 127.0.0.1:${first}, the port that ${setting} names: `), message);
    assert.match(message, /name a range there, such as 7000-7099/);
  }
});

test('the environment goes before the options, and what cannot be meant is an error that names the setting', limit, async (t) => {
  const { registry } = await place(t);
  const { first, range } = await freeRange(2);
  const member = await withEnvironment({ OWT_GRPC_PORTS: range }, () => connectBus({ registry, ports: 1 }));
  assert.ok(portOf((await member.status()).address) - first < 2);
  await member.close();
  for (const [how, expected] of [
    [{ ports: '7099-7000' }, /connectBus: option ports "7099-7000" is not a range of ports, such as 7000-7099/],
    [{ ports: '0' }, /option ports "0" is not a range/],
    [{ ports: '7000-70000' }, /option ports "7000-70000" is not a range/],
    [{ ports: 'all' }, /option ports "all" is not a range/],
    [{ advertise: '7000-7099' }, /option advertise "7000-7099" is ports without a host: OWT_GRPC_PORTS/],
    [{ advertise: 'a:7099-7000' }, /option advertise "7099-7000" is not a range/],
    [{ advertise: 'a:1:7000-7099' }, /option advertise "a:1:7000-7099" is not a host and its ports/],
    [{ advertise: 'a:7000', ports: '7000-7001' }, /option advertise "a:7000" and connectBus: option ports "7000-7001" name different ports/],
    [{ ports: `${portOf(registry) - 1}-${portOf(registry) + 1}` }, /option ports ".*" has the registry's port \d+ in it: leave that to the registry/],
  ]) {
    await assert.rejects(connectBus({ registry, ...how }), { name: 'TypeError', message: expected });
  }
});

test('members of a range have certificates as others have, and are dialed by the name that is advertised', { ...limit, skip: hasOpenssl ? false : 'needs openssl' }, async (t) => {
  const { range, first } = await freeRange(4);
  const shop = new Workshop();
  shop.ca('ca');
  shop.leaf('module', { cn: 'localhost', san: 'DNS:localhost,URI:owt:conference_agent' });
  const tls = pairOf(shop, 'module');
  const registry = `localhost:${await freePort()}`;
  const members = await withEnvironment({ OWT_GRPC_ADVERTISE: `localhost:${range}` }, () => Promise.all([1, 2, 3, 4].map(() => connectBus({ registry, tls }))));
  t.after(() => Promise.all(members.map((member) => member.close())));
  await Promise.all(members.map((member, n) => member.serve(`m${n}`, { ping: () => n })));
  for (const member of members) {
    const replies = await Promise.all(members.map((_, n) => member.call(`m${n}`, 'ping')));
    assert.deepEqual(replies, [0, 1, 2, 3]);
  }
  const addresses = await Promise.all(members.map(async (member) => (await member.status()).address));
  assert.deepEqual(addresses.sort(), [0, 1, 2, 3].map((n) => `localhost:${first + n}`).sort());
});

test('members of two machines have the same range, each with ports of its own machine', { ...limit, skip: noHosts }, async (t) => {
  const [hub, other] = hosts(t, 2);
  const env = { OWT_GRPC_INSECURE: '1', OWT_GRPC_PORTS: '7000-7001' };
  await registryProcess(t, { host: '0.0.0.0', port: 5680, env, within: hub.within });
  const where = `${hub.address}:5680`;
  const members = await Promise.all([
    Member.start(t, where, 'a', env, hub.within),
    Member.start(t, where, 'b', env, hub.within),
    Member.start(t, where, 'c', env, other.within),
    Member.start(t, where, 'd', { ...env, OWT_GRPC_PORTS: '', OWT_GRPC_ADVERTISE: `${other.address}:7000-7001` }, other.within),
  ]);
  const addresses = await Promise.all(members.map(async (member) => (await member.tell('status')).address));
  const expected = [hub, other].flatMap(({ address }) => [7000, 7001].map((port) => `${address}:${port}`));
  assert.deepEqual(addresses.sort(), expected.sort());
  for (const member of members) {
    for (const to of ['a', 'b', 'c', 'd'].filter((id) => id !== member.id)) {
      await member.tell('load', { to });
      await eventually(async () => (await member.tell('loaded', to)).replied > 0, `${member.id} reaches ${to}`);
      assert.deepEqual((await member.tell('unload', to)).failures, []);
    }
  }
  const third = await Member.spawn(t, where, 'e', env, hub.within);
  assert.match(await third.tell('refusal'), /cannot listen at 0\.0\.0\.0: none of the ports 7000-7001 that OWT_GRPC_PORTS names is free/);
});
