'use strict';

// `process.exit()` while much is under way: on the bus, in a worker thread, and
// with worker threads that are under way themselves.

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { test } = require('node:test');
const { startRegistry } = require('../..');
const { rounds } = require('../support/rounds');

const LIMIT = { timeout: 120_000 };
const script = path.join(__dirname, '../support/system/busy-process.js');

/** Runs busy-process.js; gives how it ended and what it has written. */
async function run(t, what, registry) {
  const child = spawn(process.execPath, [script, what, registry], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const [code, signal] = await once(child, 'close');
  return { code, signal, output };
}

async function registryOf(t) {
  const registry = await startRegistry({ listen: '127.0.0.1:0' });
  t.after(() => registry.stop());
  return `127.0.0.1:${registry.port}`;
}

for (const [name, { what, times }] of Object.entries({
  'process.exit() with calls, casts and messages of the bus in flight exits at once with its code': { what: 'main', times: rounds(5, 3) },
  'process.exit() while worker threads are under traffic exits at once with its code': { what: 'main-with-workers', times: rounds(2, 1) },
  'process.exit() of a worker thread under traffic ends that thread, and the others go on': { what: 'worker', times: 1 },
})) {
  test(name, LIMIT, async (t) => {
    const registry = await registryOf(t);
    for (let round = 0; round < times; round++) assert.deepEqual(await run(t, what, registry), { code: 7, signal: null, output: '' });
  });
}
