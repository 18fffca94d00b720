'use strict';

// etcd and members on three machines, which are network namespaces: one is cut
// off, with the leader of etcd on it or without, and comes back.

const assert = require('node:assert').strict;
const { performance } = require('node:perf_hooks');
const { test } = require('node:test');
const { eventually } = require('../support/bus');
const { Member } = require('../support/bus/member');
const { Etcd } = require('../support/etcd');
const { hosts, noHosts } = require('../support/net/hosts');

/** What everything may take when etcd answers again, in ms. */
const CONVERGENCE = 2000;
const limit = { timeout: 120_000, skip: noHosts };

/** Whether a member knows who serves an id. */
const knows = async (member, id) => (await member.tell('status')).members.some(({ ids }) => ids.includes(id));

/** Three machines with one of etcd and one member each, which call each other. */
async function atWork(t) {
  const machines = hosts(t, 3);
  const etcd = await Etcd.start(3, [], undefined, machines);
  t.after(() => etcd.stop());
  const env = { OWT_GRPC_INSECURE: '1', OWT_GRPC_REGISTRY: etcd.url('/owt') };
  const start = (n, id) => Member.start(t, 'localhost:1', id, env, machines[n].within);
  const members = await Promise.all([0, 1, 2].map((n) => start(n, `id${n}`)));
  for (const member of members) {
    for (const { id } of members.filter((other) => other !== member)) await member.tell('load', { to: id, timeout: 5000 });
  }
  return { machines, etcd, members, start };
}

for (const withLeader of [true, false]) {
  test(`a machine ${withLeader ? 'with' : 'without'} etcd's leader is cut off and comes back: the others lose nothing, and all know each other again`, limit, async (t) => {
    const { machines, etcd, members, start } = await atWork(t);
    const leader = etcd.servers.indexOf(await etcd.leader());
    const away = withLeader ? leader : (leader + 1) % 3;
    const [one, two] = members.filter((_, n) => n !== away);
    const lost = members[away];
    await eventually(async () => (await lost.tell('loaded', one.id)).replied > 0, 'calls come through');

    machines[away].cut();
    // A new leader of etcd gives each lease its whole time again.
    await eventually(async () => !(await knows(one, lost.id)) && !(await knows(two, lost.id)), 'the lease of the member that is cut off ends', 30_000);
    await eventually(async () => !(await lost.tell('status')).registry.connected, 'it knows that it has no registry');
    // The majority takes in who comes now.
    const late = await start(members.indexOf(one), 'late');
    await eventually(() => knows(two, 'late'), 'who came meanwhile is known');
    assert.equal(await knows(lost, 'late'), false);

    const healed = performance.now();
    machines[away].heal();
    const answered = etcd.answers([etcd.servers[away].endpoint]).then(() => performance.now() - healed);
    for (const member of [one, two, late]) await eventually(() => knows(member, lost.id), `${member.id} knows it again`);
    await eventually(() => knows(lost, 'late'), 'it knows who came meanwhile');
    const known = performance.now() - healed;
    t.diagnostic(`all know each other ${Math.round(known)} ms after the cable was put back, etcd there has answered after ${Math.round(await answered)} ms`);
    assert.ok(known - (await answered) < CONVERGENCE, `${known} ms`);
    await lost.tell('load', { to: 'late', timeout: 5000 });
    await eventually(async () => (await lost.tell('loaded', 'late')).replied > 0, 'and reaches them');

    for (const [from, to] of [[one, two], [two, one]]) {
      const { started, replied, unsettled, repeated, wrong, failures } = await from.tell('unload', to.id);
      assert.deepEqual({ unsettled, repeated, wrong, failures, replied }, { unsettled: 0, repeated: 0, wrong: 0, failures: [], replied: started }, `${from.id} to ${to.id}`);
    }
    for (const [from, to] of [[one, lost], [two, lost], [lost, one], [lost, two]]) {
      const { unsettled, repeated, wrong } = await from.tell('unload', to.id);
      assert.deepEqual({ unsettled, repeated, wrong }, { unsettled: 0, repeated: 0, wrong: 0 }, `${from.id} to ${to.id}`);
    }
  });
}
