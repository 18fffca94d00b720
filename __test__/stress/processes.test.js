'use strict';

// Small editions of bench/soak.js and bench/endurance.js: what has to go on for ever, for a moment.

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { test } = require('node:test');
const { rounds } = require('../support/rounds');

const bench = (name) => path.join(__dirname, '../../bench', name);
const WORKERS = rounds(100, 40);

for (const [name, [file, ...args]] of Object.entries({
  'clients that are made and closed leave no socket, no call and no memory': ['soak.js', '--clients', rounds(300, 150)],
  'cancelled and failing calls leave nothing': ['soak.js', '--cancelled', rounds(3000, 1500), '--failing', rounds(20_000, 10_000)],
  [`${WORKERS} worker threads that are terminated under traffic take nothing with them`]: ['soak.js', '--workers', WORKERS],
  'the run of an hour runs: every kind of call, TLS and the bus, each side says what it holds': ['endurance.js', '--minutes', 0.05],
})) {
  test(name, { timeout: 180_000 }, async (t) => {
    const child = spawn(process.execPath, ['--expose-gc', '--max-semi-space-size=1', bench(file), ...args.map(String)], { stdio: ['ignore', 'pipe', 'pipe'] });
    t.after(() => child.kill('SIGKILL'));
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    const [code, signal] = await once(child, 'close');
    assert.deepEqual([code, signal], [0, null], output);
  });
}
