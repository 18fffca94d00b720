'use strict';

// The host of the registry is killed, and the next one, while members call,
// cast and publish.

const assert = require('node:assert').strict;
const { performance } = require('node:perf_hooks');
const { test } = require('node:test');
const { eventually, freePort } = require('../support/bus');
const { Member, listens } = require('../support/bus/member');

const IDS = ['a', 'b', 'c', 'd', 'e'];

/** A member that calls, casts to and publishes to all others, under the id of one that may have gone. */
async function working(t, port, id, present) {
  const member = await Member.start(t, port, id);
  // From here on it hears everything.
  member.since = new Map();
  for (const other of present) member.since.set(other, (await other.tell('sent')) + 1);
  return member;
}

async function work(member) {
  const others = IDS.filter((id) => id !== member.id);
  for (const to of others) await member.tell('load', { to, timeout: 1500 });
  await member.tell('send', { to: others });
}

/** Whether all has arrived that was sent; what came was in order, and once. */
async function hasHeard(member, sent) {
  const heard = await member.tell('heard');
  for (const [from, last] of sent) {
    for (const kind of from === member ? ['messages'] : ['casts', 'messages']) {
      const got = heard[kind][from.pid];
      const what = `${kind} of ${from.id} to ${member.id}`;
      if (got === undefined || got.last < last) return false;
      // What waited for the dead one may come after what was sent to its heir.
      const late = member.since.size > 0 && kind === 'casts' ? got.late : 0;
      assert.deepEqual([got.missing, got.repeated, got.late], [0, 0, late], what);
      assert.ok(got.first <= (member.since.get(from) ?? 1), `${what}: the first is ${got.first}`);
    }
  }
  return true;
}

test('two hosts of the registry are killed one after the other: members that know each other do not notice, the third knows everybody', {
  // How to see who the host is.
  skip: process.platform !== 'linux',
}, async (t) => {
  const port = await freePort();
  let members = [];
  for (const id of IDS) members.push(await working(t, port, id, []));
  await Promise.all(members.map(work));
  const epochs = new Set();
  const heirs = [];
  for (let kills = 0; kills < 2; kills++) {
    await eventually(() => members.some(({ pid }) => listens(pid, port)), 'somebody hosts the registry');
    const host = members.find(({ pid }) => listens(pid, port));
    members = members.filter((member) => member !== host);
    epochs.add((await members[0].tell('status')).registry.epoch);
    const start = performance.now();
    await host.kill();
    const heir = await working(t, port, host.id, members);
    t.diagnostic(`${host.id} is served again ${Math.round(performance.now() - start)} ms after its process was killed, the new one's start included`);
    for (const member of members) {
      const before = (await member.tell('loaded', host.id)).replied;
      await eventually(async () => (await member.tell('loaded', host.id)).replied > before + 10, `${member.id} finds ${host.id} again`);
    }
    await work(heir);
    members.push(heir);
    heirs.push(heir);
  }
  for (const member of members) {
    await eventually(async () => {
      const { registry, members: others } = await member.tell('status');
      if (registry.connected) epochs.add(registry.epoch);
      return registry.connected && others.length === members.length - 1;
    }, `${member.id} knows who is there and nobody else`);
  }
  assert.equal(epochs.size, 3, 'generations of the registry');

  const sent = new Map();
  for (const member of members) sent.set(member, await member.tell('unsend'));
  for (const member of members) await eventually(() => hasHeard(member, sent), `${member.id} has heard all`);
  const lost = heirs.map(({ id }) => id);
  for (const member of members) {
    for (const id of IDS.filter((other) => other !== member.id)) {
      const { unsettled, started, replied, repeated, wrong, failures } = await member.tell('unload', id);
      const what = `calls of ${member.id} to ${id}`;
      assert.deepEqual({ unsettled, repeated, wrong, ended: replied + failures.length }, { unsettled: 0, repeated: 0, wrong: 0, ended: started }, what);
      assert.ok(replied > 10, `${what}: ${replied}`);
      if (!lost.includes(id)) assert.deepEqual(failures, [], what);
    }
  }
});
