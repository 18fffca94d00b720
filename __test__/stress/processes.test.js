'use strict';

// Small editions of bench/soak.js: what has to go on for ever, for a moment.

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { test } = require('node:test');
const { rounds } = require('../support/rounds');

const soak = path.join(__dirname, '../../bench/soak.js');
const WORKERS = rounds(100, 40);

for (const [name, args] of Object.entries({
  'clients that are made and closed leave no socket, no call and no memory': ['--clients', rounds(300, 150)],
  'cancelled and failing calls leave nothing': ['--cancelled', rounds(3000, 1500), '--failing', rounds(20_000, 10_000)],
  [`${WORKERS} worker threads that are terminated under traffic take nothing with them`]: ['--workers', WORKERS],
})) {
  test(name, { timeout: 180_000 }, async (t) => {
    const child = spawn(process.execPath, ['--expose-gc', '--max-semi-space-size=1', soak, ...args.map(String)], { stdio: ['ignore', 'pipe', 'pipe'] });
    t.after(() => child.kill('SIGKILL'));
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    const [code, signal] = await once(child, 'close');
    assert.deepEqual([code, signal], [0, null], output);
  });
}
