'use strict';

// A cluster whose processes are replaced one by one by those of another build, whose
// protocol has one version more: all of them are called meanwhile, and call.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { eventually, freePort } = require('../support/bus');
const { Member } = require('../support/bus-member');
const { hello, join, joined, link, session, victim } = require('../support/raw-member');

const IDS = ['a', 'b', 'c', 'd', 'e'];
const BEFORE = { oldest: 1, newest: 1 };
const AFTER = { oldest: 1, newest: 2 };

/** A process that serves an id, speaks these versions and calls all the others' ids. */
async function start(t, port, id, protocol) {
  const member = await Member.start(t, port, id, { OWT_TEST_PROTOCOL: JSON.stringify(protocol) });
  for (const to of IDS.filter((other) => other !== id)) await member.tell('load', { to, every: 10, timeout: 10_000 });
  return member;
}

/** It ends its calls and leaves. Gives what became of them. */
async function retire(member) {
  const ended = [];
  for (const to of IDS.filter((other) => other !== member.id)) ended.push(await member.tell('unload', to));
  await member.tell('leave');
  await member.kill();
  return ended;
}

/** By id: in which version of the protocol a member talks to it, of those it has a link to. */
async function protocols(member) {
  const { members } = await member.tell('status');
  return Object.fromEntries(members.filter(({ link }) => link === 'up').map(({ ids: [id], protocol }) => [id, protocol]));
}

test('a cluster is rolled to a build with another version of the protocol, and back, and no call is lost', async (t) => {
  const port = await freePort();
  const members = [];
  const ended = [];
  for (const id of IDS) members.push(await start(t, port, id, BEFORE));
  for (const protocol of [AFTER, BEFORE]) {
    for (let n = 0; n < members.length; n++) {
      const former = members[n];
      members[n] = await start(t, port, former.id, protocol);
      ended.push(...(await retire(former)));
      if (n === 2) {
        await eventually(async () => Object.keys(await protocols(members[0])).length === 4, 'links to all');
        const { a: self, ...others } = await protocols(members[0]);
        const newest = (id) => (protocol === AFTER && 'bc'.includes(id) ? 2 : 1);
        assert.deepEqual([self, others], [undefined, { b: newest('b'), c: newest('c'), d: 1, e: 1 }]);
      }
    }
  }
  for (const member of members) ended.push(...(await retire(member)));
  const calls = ended.reduce((sum, { started }) => sum + started, 0);
  t.diagnostic(`${calls} calls`);
  assert.ok(calls > 1000, `${calls} calls`);
  for (const { to, unsettled, started, replied, repeated, wrong, failures } of ended) {
    assert.deepEqual({ to, unsettled, replied, repeated, wrong, failures }, { to, unsettled: 0, replied: started, repeated: 0, wrong: 0, failures: [] });
  }
});

test('a member of before there were ranges is answered as it was, and one of a later build in the newest version of both', async (t) => {
  const { address, member, port } = await victim(t);
  const guest = await joined(t, port);
  assert.equal(guest.got.find((message) => message.joined).joined.version, 0);
  for (const [changes, version] of [[{ version: 1, link: '5' }, 0], [{ version: 0, newestVersion: 1, link: '6' }, 1]]) {
    const { got } = link(t, { address, member }, [hello(changes)]);
    await eventually(() => got.length > 0, 'the Welcome');
    assert.equal(got[0].frames[0].welcome?.version, version);
  }
  const later = session(t, port, [join({ version: 0, newestVersion: 1 }, { member: 'later' })]);
  await eventually(() => later.got.length > 0, 'it is let in');
  assert.equal(later.got[0].joined.version, 1);
});
