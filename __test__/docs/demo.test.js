'use strict';

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { blocksFor } = require('../support/docs/markdown');

const demo = path.join(__dirname, '../../examples/demo/demo.js');

const MODULES = [
  'cluster_manager', 'management_api', 'portal', 'sip_portal', 'webrtc', 'audio', 'video', 'analytics',
  'recording', 'streaming', 'quic', 'sip', 'conference',
];

/** Runs the demo with a temporary folder of its own. */
function run(t, args, env = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-test-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const child = spawn(process.execPath, [demo, ...args], { env: { ...process.env, TMPDIR: folder, ...env } });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  const ended = once(child, 'close').then(([code]) => ({ code, output, leftFiles: fs.readdirSync(folder) }));
  return { child, ended };
}

const LIMIT = { timeout: 60_000 };

test('the README\'s command starts the demo that is tested here', () => {
  assert.deepEqual(blocksFor('README.md', 'docs/demo'), ['npm run demo\n']);
  assert.match(require('../../package.json').scripts.demo, / node examples\/demo\/demo\.js$/);
});

test('the demo confirms every step of both halves, names its processes and leaves no file', LIMIT, async (t) => {
  const { code, output, leftFiles } = await run(t, ['--quiet', '--seconds', '15']).ended;
  assert.equal(code, 0, output);
  for (const name of MODULES) assert.match(output, new RegExp(`^${name} .*\\d`, 'm'));
  assert.match(output, /(\d+) of \1 steps confirmed .*, 0 problems, 13 processes/);
  assert.match(output, /(\d+) of \1 steps confirmed .*, 0 problems, 15 processes/);
  assert.deepEqual(leftFiles, []);
});

test('a demo with a module that fails says which and ends with an error', LIMIT, async (t) => {
  const { code, output } = await run(t, ['--grpc', '--quiet', '--seconds', '10'], { OWT_DEMO_BREAK: 'recording' }).ended;
  assert.equal(code, 1);
  assert.match(output, /NOT CONFIRMED +recording subscribe, by recording/);
  assert.match(output, /TIME WAS UP +nothing new for 10 s while waiting for [^]*recording[^]*; on a busy machine, --seconds 20 waits longer/);
  assert.match(output, /PROBLEM +recording ended with code 1: [^]*OWT_DEMO_BREAK names/);
});

test('an interrupted demo ends its processes and its files, and is no success', LIMIT, async (t) => {
  const { child, ended } = run(t, ['--seconds', '30']);
  // Its first word: the processes have been started.
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  const { code, output, leftFiles } = await ended;
  assert.equal(code, 1);
  assert.match(output, /interrupted by SIGINT/);
  assert.deepEqual(leftFiles, []);
});

test('wrong options are named, with the help', LIMIT, async (t) => {
  for (const args of [['--seconds', 'many'], ['--nothing'], ['--seconds', '5']]) {
    const { code, output } = await run(t, args).ended;
    assert.equal(code, 2);
    assert.match(output, new RegExp(`${args[0]}[^]*npm run demo -- \\[options\\]`));
  }
});
