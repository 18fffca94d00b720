'use strict';

// Real processes that are killed, stopped and blocked. What waits is waited for
// together: the tests of a group run at the same time.

const assert = require('node:assert').strict;
const { describe, test } = require('node:test');
const { promisify } = require('node:util');
const { connectBus } = require('../..');
const { eventually, freePort } = require('../support/bus');
const { Member } = require('../support/bus/member');

const pause = promisify(setTimeout);

/** Longer than keepalive, lease and greeting together allow for silence. */
const BLOCKED = 30_000;

async function joined(t, port) {
  const bus = await connectBus({ registry: `127.0.0.1:${port}` });
  t.after(() => bus.close());
  return bus;
}

test('calls go to the server that is left when one of two is killed', async (t) => {
  const port = await freePort();
  const bus = await joined(t, port);
  const [one] = [await Member.start(t, port, 'shared'), await Member.start(t, port, 'shared')];
  const pids = new Set();
  for (let n = 0; n < 4; n++) pids.add(await bus.call('shared', 'who'));
  assert.equal(pids.size, 2);
  await one.kill();
  const ends = await Promise.allSettled(Array.from({ length: 20 }, () => bus.call('shared', 'who', [], { timeout: 5000 })));
  const failed = ends.filter(({ status }) => status === 'rejected');
  assert.ok(failed.length <= 10 && failed.every(({ reason }) => reason.code === 'PEER_LOST'), String(failed[0]?.reason));
  for (let n = 0; n < 10; n++) assert.notEqual(await bus.call('shared', 'who', [], { timeout: 5000 }), one.pid);
});

describe('what takes its time', { concurrency: true }, () => {
  for (const [name, isHost] of [
    ['a member', false],
    ['the host of the registry', true],
  ]) {
    test(`${name} whose JS is blocked for 30 s stays registered and connected`, async (t) => {
      const port = await freePort();
      let bus = isHost ? null : await joined(t, port);
      const busy = await Member.start(t, port, 'busy');
      if (bus === null) bus = await joined(t, port);
      await bus.call('busy', 'ping');
      const { epoch } = (await bus.status()).registry;
      await busy.tell('block', BLOCKED);
      const calls = Array.from({ length: 10 }, () => bus.call('busy', 'ping', [], { timeout: 60_000 }));
      for (let n = 1; n <= 100; n++) {
        bus.cast('busy', 'note', ['bus', n]);
        bus.publish('group', 'all.noted', { from: 'bus', number: n });
      }
      await assert.rejects(bus.call('busy', 'ping', [], { timeout: 200 }), { code: 'TIMEOUT' });
      let isOver = false;
      const answered = Promise.all(calls).finally(() => (isOver = true));
      let looks = 0;
      for (; !isOver; looks++) {
        const { members, registry } = await bus.status();
        const [other] = members.filter(({ ids }) => ids.includes('busy'));
        assert.equal(other?.link, 'up', `look ${looks}`);
        assert.deepEqual([registry.connected, registry.epoch], [true, epoch]);
        // Others join and leave, and are not kept waiting by it.
        const guest = await connectBus({ registry: `127.0.0.1:${port}` });
        await guest.serve('guest', { ping: () => looks });
        assert.equal(await bus.call('guest', 'ping'), looks);
        await guest.close();
        await Promise.race([pause(1000), answered]);
      }
      assert.deepEqual(await answered, Array(10).fill('busy'));
      assert.ok(looks > 15, `${looks} looks`);
      const all = { first: 1, last: 100, missing: 0, late: 0, repeated: 0 };
      const { casts, messages } = await busy.tell('heard');
      assert.deepEqual([casts.bus, messages.bus], [all, all]);
    });
  }

  test('a member that is stopped is given up, and is back when it goes on', async (t) => {
    const port = await freePort();
    const bus = await joined(t, port);
    const member = await Member.start(t, port, 'stopped');
    await bus.call('stopped', 'ping');
    member.child.kill('SIGSTOP');
    await assert.rejects(bus.call('stopped', 'ping', [], { timeout: 30_000 }), { code: 'PEER_LOST' });
    await eventually(async () => (await bus.status()).members.length === 0, 'it is forgotten');
    const waits = bus.call('stopped', 'ping', [], { timeout: 30_000 });
    member.child.kill('SIGCONT');
    assert.equal(await waits, 'stopped');
    assert.equal(await bus.call('stopped', 'ping', [], { timeout: 10_000 }), 'stopped');
  });
});
