'use strict';

// Many members: one publisher whom all hear, and its other traffic meanwhile.

const assert = require('node:assert').strict;
const { performance } = require('node:perf_hooks');
const { test } = require('node:test');
const { Member } = require('../support/bus/member');
const { connectBus } = require('../..');
const { eventually, freePort } = require('../support/bus');
const { spawnCrowd } = require('../support/bus/crowd');
const { rounds } = require('../support/rounds');

const PROCESSES = 5;
const EACH = rounds(100, 50);
const BROADCASTS = 40;
const BODY = 'x'.repeat(1000);

const p99 = (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)];

/** The times of calls that follow one another, in ms. */
async function timed(bus, isOver) {
  const times = [];
  while (!isOver(times.length)) {
    const start = performance.now();
    assert.equal(await bus.call('echo', 'ping', [], { timeout: 30_000 }), 'echo');
    times.push(performance.now() - start);
  }
  return times;
}

test(`${PROCESSES * EACH} members hear each broadcast once and in order, and a call of its sender to another is answered meanwhile`, { timeout: 120_000 }, async (t) => {
  const port = await freePort();
  const bus = await connectBus({ registry: `127.0.0.1:${port}` });
  t.after(() => bus.close());
  await Member.start(t, port, 'echo');
  const start = performance.now();
  const crowds = await Promise.all(Array.from({ length: PROCESSES }, () => spawnCrowd(t, port, EACH)));
  t.diagnostic(`${PROCESSES * EACH} members joined within ${Math.round(performance.now() - start)} ms, their processes' start included`);
  // The links are made.
  bus.publish('crowd', 'all', 0);
  await Promise.all(crowds.map((crowd) => crowd.heard(1)));
  const quiet = await timed(bus, (count) => count === 200);
  const hearing = Promise.all(crowds.map((crowd) => crowd.heard(BROADCASTS + 1)));
  let allHeard = false;
  void hearing.then(() => (allHeard = true));
  let sent = 0;
  const busy = await timed(bus, () => {
    if (sent < BROADCASTS) bus.publish('crowd', 'all', { number: ++sent, BODY });
    return allHeard && sent === BROADCASTS;
  });
  for (const result of await hearing) assert.deepEqual(result, { members: EACH, wrong: 0 });
  const { dropped } = await bus.status();
  assert.equal(dropped, 0);
  await eventually(async () => (await bus.status()).members.length === PROCESSES * EACH + 1, 'it knows all');
  t.diagnostic(`a call's p99: ${p99(quiet).toFixed(1)} ms, ${p99(busy).toFixed(1)} ms during ${BROADCASTS} broadcasts (${busy.length} calls)`);
});
