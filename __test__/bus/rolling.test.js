'use strict';

// A cluster whose processes are replaced one by one by those of another build or with
// other settings: all of them are called meanwhile, and call.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { eventually, freePort } = require('../support/bus');
const { Member } = require('../support/bus/member');
const { hello, join, joined, link, session, victim } = require('../support/bus/raw-member');

const IDS = ['a', 'b', 'c', 'd', 'e'];
const BEFORE = { oldest: 1, newest: 1 };
const AFTER = { oldest: 1, newest: 2 };

/** A build that has no secret unless one is set. */
const speaking = (protocol) => ({ OWT_TEST_PROTOCOL: JSON.stringify(protocol), OWT_GRPC_SECRET_MODE: 'off' });

/** A member calls all the others' ids from now on. */
async function load(member) {
  for (const to of IDS.filter((other) => other !== member.id)) await member.tell('load', { to, every: 20, timeout: 10_000 });
}

/** It makes no more calls. Gives what became of those that it made. */
async function unload(member) {
  const ended = [];
  for (const to of IDS.filter((other) => other !== member.id)) ended.push(await member.tell('unload', to));
  return ended;
}

/** By id: in which version of the protocol a member talks to it, of those it has a link to. */
async function protocols(member) {
  const { members } = await member.tell('status');
  return Object.fromEntries(members.filter(({ link }) => link === 'up').map(({ ids: [id], protocol }) => [id, protocol]));
}

/** Rolls a cluster from the first of these environments to the last. No call may be lost. */
async function roll(t, environments, onHalf = () => {}) {
  const port = await freePort();
  const members = [];
  const ended = [];
  const [first, ...others] = environments;
  for (const id of IDS) members.push(await Member.start(t, port, id, first));
  for (const member of members) await load(member);
  for (const env of others) {
    for (let n = 0; n < members.length; n++) {
      const former = members[n];
      members[n] = await Member.start(t, port, former.id, env);
      await load(members[n]);
      ended.push(...(await unload(former)));
      await former.tell('leave');
      await former.kill();
      if (n === 2) await onHalf(members, env);
    }
  }
  for (const member of members) ended.push(...(await unload(member)));
  const calls = ended.reduce((sum, { started }) => sum + started, 0);
  t.diagnostic(`${calls} calls`);
  assert.ok(calls > 1000, `${calls} calls`);
  for (const { to, unsettled, started, replied, repeated, wrong, failures } of ended) {
    assert.deepEqual({ to, unsettled, replied, repeated, wrong, failures }, { to, unsettled: 0, replied: started, repeated: 0, wrong: 0, failures: [] });
  }
}

test('a cluster is rolled to a build with another version of the protocol, and back, and no call is lost', async (t) => {
  const [before, after] = [BEFORE, AFTER].map(speaking);
  await roll(t, [before, after, before], async (members, env) => {
    await eventually(async () => Object.keys(await protocols(members[0])).length === 4, 'links to all');
    const newest = (id) => (env === after && 'bc'.includes(id) ? 2 : 1);
    assert.deepEqual(await protocols(members[0]), { b: newest('b'), c: newest('c'), d: 1, e: 1 });
  });
});

test('a secret is introduced and replaced in a cluster that is rolled step by step, from a build that knows of none, and no call is lost', async (t) => {
  const secret = (text, more) => ({ OWT_GRPC_CLUSTER_SECRET: text, ...more });
  await roll(t, [speaking(BEFORE), secret('one', { OWT_GRPC_SECRET_MODE: 'accepted' }), secret('one'), secret('two', { OWT_GRPC_CLUSTER_SECRET_OLD: 'one' }), secret('two')]);
});

test('an operator\'s secret is introduced and replaced in a cluster that is rolled step by step, and no call is lost', async (t) => {
  const operator = (text, more) => ({ OWT_GRPC_SECRET_MODE: 'off', OWT_GRPC_OPERATOR_SECRET: text, ...more });
  await roll(t, [speaking(BEFORE), operator('one'), operator('two', { OWT_GRPC_OPERATOR_SECRET_OLD: 'one' }), operator('two')]);
});

for (const [what, former] of [['that knows of no secret', BEFORE], ['that has none unless it is set', AFTER]]) {
  test(`a cluster of a build ${what} is rolled in two steps to one whose user's processes share theirs, and no call is lost`, async (t) => {
    await roll(t, [speaking(former), { OWT_GRPC_SECRET_MODE: 'accepted' }, {}]);
  });
}

test('a member of a former build is refused by those that share a secret of their user, and both sides are told which setting lets it in', async (t) => {
  const port = await freePort();
  const member = await Member.start(t, port, 'a');
  const former = await Member.spawn(t, port, 'b', speaking(BEFORE));
  assert.match(await former.tell('refusal'), /asks for the cluster's secret, .*or OWT_GRPC_SECRET_MODE=accepted there as long as not all have it/);
  assert.match((await member.tell('warnings')).join('\n'), /is not let in: it does not prove .*OWT_GRPC_SECRET_MODE=accepted here/);
  const other = await freePort();
  await Member.start(t, other, 'a', speaking(BEFORE));
  const newcomer = await Member.spawn(t, other, 'b');
  assert.match(await newcomer.tell('refusal'), /not trusted: it does not prove .*OWT_GRPC_SECRET_MODE=accepted here/);
});

test('a member of before there were ranges is answered as it was, and one of a later build in the newest version of both', async (t) => {
  const { address, member, port } = await victim(t);
  const guest = await joined(t, port);
  assert.equal(guest.got.find((message) => message.joined).joined.version ?? 0, 0);
  for (const [changes, version] of [[{ version: 1, link: '5' }, 0], [{ version: 0, newestVersion: 1, link: '6' }, 1]]) {
    const { got } = link(t, { address, member }, [hello(changes)]);
    await eventually(() => got.length > 0, 'the Welcome');
    assert.equal(got[0].frames[0].welcome.version ?? 0, version);
  }
  const later = session(t, port, [join({ version: 0, newestVersion: 1 }, { member: 'later' })]);
  await eventually(() => later.got.length > 0, 'it is let in');
  assert.equal(later.got[0].joined.version, 1);
});
