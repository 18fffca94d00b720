'use strict';

// What holds a process and what does not, shown by real processes.

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { performance } = require('node:perf_hooks');
const { test } = require('node:test');
const { startServer, stopServer } = require('../../lib/dropin/grpcTools');

const TOOLS = JSON.stringify(path.join(__dirname, '../../lib/dropin/grpcTools'));

/** A server that answers `publish`, never answers `subscribe`, and streams one message. */
async function serve(t) {
  const callers = [];
  let arrived = () => {};
  const port = await startServer('webrtc', {
    publish: (call, callback) => callback(null, { id: 'p' }),
    subscribe(call, callback) {
      callers.push(callback);
      arrived();
    },
    listenToNotifications: (call) => call.write({ name: 'first' }),
  });
  t.after(() => stopServer(port, { graceMs: 0 }));
  const waiting = () => (callers.length > 0 ? Promise.resolve() : new Promise((resolve) => (arrived = resolve)));
  return { port, callers, waiting };
}

/** Runs a script that has `tools` and `client`; gives its output and how it ended. */
function run(t, port, script) {
  const text = `const tools = require(${TOOLS}); const client = tools.startClient('webrtc', '127.0.0.1:${port}'); ${script}`;
  const child = spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  let outputAt = 0;
  child.stdout.on('data', (chunk) => {
    output += chunk;
    outputAt = performance.now();
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, output, after: performance.now() - outputAt }));
  return { child, ended };
}

const LIMIT = { timeout: 30_000 };

test('a process with an idle client exits by itself, and not when some timer lets it', LIMIT, async (t) => {
  const { port } = await serve(t);
  const { ended } = run(t, port, `client.publish({}, (error, reply) => console.log(error, reply.id));`);
  const { code, output, after } = await ended;
  assert.equal(output, 'null p\n');
  assert.equal(code, 0);
  t.diagnostic(`exit ${after.toFixed(0)} ms after the reply`);
  assert.ok(after < 5000, `${after} ms`);
});

test('a process whose client was never used exits by itself', LIMIT, async (t) => {
  const { code, signal } = await run(t, 1, '').ended;
  assert.deepEqual([code, signal], [0, null]);
});

test('a pending call holds the process until it ends', LIMIT, async (t) => {
  const { port, callers, waiting } = await serve(t);
  const { child, ended } = run(t, port, `client.subscribe({}, (error, reply) => console.log(reply.id));`);
  await waiting();
  assert.equal(child.exitCode, null);
  callers[0](null, { id: 'late' });
  const { code, output } = await ended;
  assert.deepEqual([code, output], [0, 'late\n']);
});

test('an open stream holds the process, close() lets it go', LIMIT, async (t) => {
  const { port } = await serve(t);
  const { code, output } = await run(t, port, `client.listenToNotifications({}).on('data', ({ name }) => { console.log(name); client.close(); });`).ended;
  assert.deepEqual([code, output], [0, 'first\n']);
});

test('process.exit() with calls and streams in flight exits at once with its code', LIMIT, async (t) => {
  const { port } = await serve(t);
  const script = `
    tools.startServer('sip', {}).then(() => {
      for (let n = 0; n < 500; n++) client.subscribe({}, () => {});
      for (let n = 0; n < 100; n++) client.listenToNotifications({}).on('error', () => {});
      for (let n = 0; n < 500; n++) client.publish({}, () => n === 250 && process.exit(7));
    });`;
  for (let round = 0; round < 5; round++) {
    const { code, signal } = await run(t, port, script).ended;
    assert.deepEqual([code, signal], [7, null]);
  }
});

test('a server holds the process until it is stopped', LIMIT, async (t) => {
  const script = `
    tools.startServer('sip', {}).then((port) => {
      process.once('SIGTERM', () => tools.stopServer(port));
      console.log('up');
    });`;
  const { child, ended } = run(t, 1, script);
  await once(child.stdout, 'data');
  assert.equal(child.exitCode, null);
  child.kill('SIGTERM');
  const { code, signal } = await ended;
  assert.deepEqual([code, signal], [0, null]);
});

test('an exception of a callback is the process\'s own, and its replies are not lost', LIMIT, async (t) => {
  const { port } = await serve(t);
  const script = `
    process.on('uncaughtException', (error) => console.log(error.message));
    client.publish({}, () => { throw new Error('mine'); });
    client.publish({}, (error, reply) => console.log(reply.id));`;
  const { code, output } = await run(t, port, script).ended;
  assert.equal(code, 0);
  assert.deepEqual(output.trim().split('\n').sort(), ['mine', 'p']);
});
