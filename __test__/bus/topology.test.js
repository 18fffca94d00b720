'use strict';

// Which address a member is dialed at, and what is said where that leads
// nowhere. Members on several machines are in network namespaces.

const assert = require('node:assert').strict;
const os = require('node:os');
const { test } = require('node:test');
const { connectBus, startRegistry } = require('../..');
const { eventually, freePort } = require('../support/bus');
const { Member } = require('../support/bus/member');
const { registryProcess } = require('../support/cli');
const { hosts, noHosts } = require('../support/net/hosts');
const { failureOf } = require('../support/tls');

const limit = { timeout: 120_000 };
const noIpv6 = Object.values(os.networkInterfaces()).flat().every((card) => card.address !== '::1') && 'needs IPv6';
const PORT = 5680;
const PLAIN = { OWT_GRPC_INSECURE: '1' };

/** Each calls each. */
async function allReach(members) {
  for (const member of members) {
    for (const other of members.filter((one) => one !== member)) {
      await member.tell('load', { to: other.id });
      await eventually(async () => (await member.tell('loaded', other.id)).replied > 2, `${member.id} reaches ${other.id}`);
      const { failures, wrong } = await member.tell('unload', other.id);
      assert.deepEqual({ failures, wrong }, { failures: [], wrong: 0 });
    }
  }
}

test('a registry on [::1], embedded or not, has members whose links go over IPv6', { ...limit, skip: noIpv6 }, async (t) => {
  const registry = await startRegistry({ listen: '[::1]:0' });
  t.after(() => registry.stop());
  for (const where of [`[::1]:${registry.port}`, `[::1]:${await freePort()}`]) {
    const [a, b] = await Promise.all([connectBus({ registry: where }), connectBus({ registry: where })]);
    await a.serve('a', { echo: (value) => value });
    assert.equal(await b.call('a', 'echo', [6]), 6);
    const { address, members } = await b.status();
    for (const dialed of [address, members[0].address]) assert.match(dialed, /^\[::1\]:\d+$/);
    assert.equal(members[0].link, 'up');
    await Promise.all([a.close(), b.close()]);
  }
});

test('a member that only its own machine reaches and one that others reach are kept apart, by name and address', limit, async (t) => {
  const registry = `127.0.0.1:${await freePort()}`;
  const local = await connectBus({ registry });
  t.after(() => local.close());
  // It has nothing that others would dial it for.
  const onlooker = await connectBus({ registry, advertise: '192.0.2.7' });
  await onlooker.close();
  await local.serve('local', {});
  const late = await failureOf(() => connectBus({ registry, advertise: '192.0.2.7' }));
  assert.equal(late.code, 'REFUSED');
  assert.match(late.message, /the member \S+ is to be dialed at 127\.0\.0\.1:\d+, which only its own machine reaches, and the member \S+ is at 192\.0\.2\.7:\d+: .*OWT_GRPC_REGISTRY.*OWT_GRPC_ADVERTISE/);
  const another = `127.0.0.1:${await freePort()}`;
  const remote = await connectBus({ registry: another, advertise: '192.0.2.7' });
  t.after(() => remote.close());
  const second = await failureOf(() => connectBus({ registry: another }));
  assert.equal(second.code, 'REFUSED');
  assert.match(second.message, /is to be dialed at 127\.0\.0\.1:\d+/);
  // Those who are in stay in.
  assert.equal((await remote.status()).registry.connected, true);
});

test('members on three machines reach each other over IPv6, by the route or by the address they are told', { ...limit, skip: noHosts }, async (t) => {
  const [hub, second, third] = hosts(t, 3);
  await registryProcess(t, { host: '[::]', port: PORT, env: PLAIN, within: hub.within });
  const where = `[${hub.address6}]:${PORT}`;
  const members = await Promise.all([
    Member.start(t, where, 'a', PLAIN, hub.within),
    Member.start(t, where, 'b', PLAIN, second.within),
    Member.start(t, where, 'c', { ...PLAIN, OWT_GRPC_ADVERTISE: `[${third.address6}]:6000` }, third.within),
  ]);
  await allReach(members);
  const addresses = await Promise.all(members.map(async (member) => (await member.tell('status')).address));
  const hostsOf = addresses.map((address) => address.replace(/:\d+$/, ''));
  assert.deepEqual(hostsOf, [hub, second, third].map(({ address6 }) => `[${address6}]`));
  assert.equal(addresses[2], `[${third.address6}]:6000`);
});

test('an address to advertise that leads nowhere from the registry\'s machine is an error at once', { ...limit, skip: noHosts }, async (t) => {
  const [hub, other] = hosts(t, 2);
  await registryProcess(t, { host: '0.0.0.0', port: PORT, env: PLAIN, within: hub.within });
  for (const [advertised, expected] of [
    ['127.0.0.1', /the address 127\.0\.0\.1 to advertise leads nowhere from other machines/],
    ['localhost', /the address localhost to advertise leads nowhere/],
    ['0.0.0.0', /the address 0\.0\.0\.0 to advertise means all of this machine's/],
  ]) {
    const member = await Member.spawn(t, `${hub.address}:${PORT}`, 'x', { ...PLAIN, OWT_GRPC_ADVERTISE: advertised }, other.within);
    const why = await member.tell('refusal');
    assert.match(why, expected);
    assert.ok(why.includes(`OWT_GRPC_ADVERTISE to `) && why.includes(other.address), why);
  }
  // On the registry's own machine, by its loopback address, while others are elsewhere.
  await Member.start(t, `${hub.address}:${PORT}`, 'far', PLAIN, other.within);
  const near = await Member.spawn(t, `127.0.0.1:${PORT}`, 'near', PLAIN, hub.within);
  assert.match(await near.tell('refusal'), /is to be dialed at 127\.0\.0\.1:\d+, which only its own machine reaches/);
});

test('a member on a network that another does not reach is named once, with its address and what to do', { ...limit, skip: noHosts }, async (t) => {
  const [hub, first, second] = hosts(t, [[0, 1], [0], [1]]);
  await registryProcess(t, { host: '0.0.0.0', port: PORT, env: PLAIN, within: hub.within });
  const a = await Member.start(t, `${hub.addresses[0]}:${PORT}`, 'a', PLAIN, first.within);
  const b = await Member.start(t, `${hub.addresses[1]}:${PORT}`, 'b', PLAIN, second.within);
  const middle = await Member.start(t, `${hub.addresses[0]}:${PORT}`, 'middle', PLAIN, hub.within);
  await allReach([a, middle]);
  await a.tell('load', { to: 'b', timeout: 8000, inFlight: 1 });
  const isSaid = async () => (await a.tell('warnings')).some((text) => text.includes('cannot be dialed from here'));
  await eventually(isSaid, 'the log says so');
  const said = (await a.tell('warnings')).filter((text) => text.includes('cannot be dialed from here'));
  const { address } = await b.tell('status');
  assert.equal(said.length, 1);
  assert.ok(said[0].includes(address) && said[0].includes('OWT_GRPC_ADVERTISE'), said[0]);
});
