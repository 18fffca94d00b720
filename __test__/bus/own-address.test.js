'use strict';

// The registry named by an address of the machine itself, as OWT's start scripts write it:
// the bus stays on the machine, or says what to set. A machine is a network namespace.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { eventually } = require('../support/bus');
const { Member } = require('../support/bus/member');
const { Running, registryProcess } = require('../support/cli');
const { hosts, noHosts } = require('../support/net/hosts');

const PORT = 5680;
const PLAIN = { OWT_GRPC_INSECURE: '1' };
const limit = { timeout: 120_000, skip: noHosts };

const statusOf = async (member) => member.tell('status');
const said = async (member, text) => (await member.tell('warnings')).filter((line) => text.test(line));

test("modules of one machine find each other where [rabbit] host is the machine's own address, by it or by localhost", limit, async (t) => {
  const [here, other] = hosts(t, 2);
  const members = [];
  for (const [id, where] of [['a', here.address], ['b', 'localhost'], ['c', `[${here.address6}]`], ['d', '127.0.0.1']]) {
    members.push(await Member.start(t, `${where}:${PORT}`, id, {}, here.within));
  }
  const addresses = await Promise.all(members.map(async (member) => (await statusOf(member)).address));
  for (const address of addresses) assert.match(address, /^127\.0\.0\.1:/, 'nothing of it leaves the machine');
  for (const member of members) assert.equal((await statusOf(member)).members.length, 3);
  await members[0].tell('load', { to: 'b' });
  await eventually(async () => (await members[0].tell('loaded', 'b')).replied > 0, 'a call is answered');
  assert.deepEqual((await members[0].tell('unload', 'b')).failures, []);

  // The host that has it goes, and another one takes its place.
  await members[0].kill();
  await eventually(async () => (await statusOf(members[1])).registry.connected, 'there is a registry again');

  const far = await Member.spawn(t, `${here.address}:${PORT}`, 'far', {}, other.within);
  assert.match(await far.tell('refusal'), /is not on this machine, and the bus would talk to it in plaintext: set up TLS, or OWT_GRPC_INSECURE=1/);
});

test('an own address to advertise is none where the bus stays on the machine', limit, async (t) => {
  const [here] = hosts(t, 1);
  const a = await Member.start(t, `${here.address}:${PORT}`, 'a', { OWT_GRPC_ADVERTISE: `${here.address}:7000-7009` }, here.within);
  const b = await Member.start(t, `localhost:${PORT}`, 'b', {}, here.within);
  assert.match((await statusOf(a)).address, /^127\.0\.0\.1:700\d$/);
  await b.tell('load', { to: 'a' });
  await eventually(async () => (await b.tell('loaded', 'a')).replied > 0, 'it is reached');
});

test('where plaintext may leave the machine a registry at its own address is waited for, and the log says how to start it', limit, async (t) => {
  const [here] = hosts(t, 1);
  const member = await Member.spawn(t, `${here.address}:${PORT}`, 'a', PLAIN, here.within);
  const joined = member.tell('join');
  joined.catch(() => {});
  // It answers in order, so another one hears what is said.
  const other = new Running(t, ['status', '--registry', `${here.address}:${PORT}`], { env: PLAIN, within: here.within });
  await other.closed;
  for (const part of [/no member becomes the registry/, /\[rabbit\] host = "localhost"/, new RegExp(`owt-grpc registry --listen ${here.address}:${PORT}`)]) {
    assert.match(other.stderr, part);
  }
  await registryProcess(t, { host: here.address, port: PORT, env: PLAIN, within: here.within });
  await joined;
  assert.equal((await said(member, /no registry yet.*no member becomes the registry.*--listen/)).length, 1);
  assert.match((await statusOf(member)).address, new RegExp(`^${here.address}:`), 'members of other machines reach it');
});

test('a name of the machine that is no loopback is refused in plaintext, with what to write', limit, async (t) => {
  const [here] = hosts(t, 1);
  // A name to us, and an address to the resolver.
  const [a, b, , d] = here.address.split('.');
  const member = await Member.spawn(t, `${a}.${b}.${d}:${PORT}`, 'a', {}, here.within);
  const why = await member.tell('refusal');
  assert.ok(why.includes(`is this machine's own address ${here.address}`), why);
  for (const part of ['host = "localhost"', `OWT_GRPC_REGISTRY=localhost:${PORT}`, 'OWT_GRPC_INSECURE=1', `--listen ${here.address}:${PORT}`]) assert.ok(why.includes(part), why);
});

test('a second registry at another address of the machine is told of, by whichever comes second', limit, async (t) => {
  const [first, second] = hosts(t, 2);
  const two = (one, another) => new RegExp(`the registry is at ${one} of this machine, and something listens at ${another}:${PORT}, too:.*two buses`);

  await registryProcess(t, { host: first.address, port: PORT, env: PLAIN, within: first.within });
  const local = await Member.start(t, `localhost:${PORT}`, 'local', {}, first.within);
  await eventually(async () => (await said(local, two('127\\.0\\.0\\.1', first.address))).length === 1, 'the member that hosts says so');

  await Member.start(t, `localhost:${PORT}`, 'local', {}, second.within);
  const registry = await registryProcess(t, { host: second.address, port: PORT, env: PLAIN, within: second.within });
  await eventually(() => two(second.address, '127\\.0\\.0\\.1').test(registry.stderr), 'the registry says so');
});
