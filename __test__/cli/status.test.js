'use strict';

// `owt-grpc status`: members as they see themselves.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { connectBus, startRegistry } = require('../..');
const { freePort } = require('../support/bus');
const { spawnCrowd } = require('../support/bus/crowd');
const { Member } = require('../support/bus/member');
const { Running, cleanEnvironment, owtGrpc, registryProcess } = require('../support/cli');
const { noTerminal, onTerminal } = require('../support/cli/terminal');

const limit = { timeout: 120_000 };

/** A registry and a bus of its own in this process, and where. */
async function busOf(t) {
  const registry = await startRegistry({ listen: '127.0.0.1:0' });
  const at = `127.0.0.1:${registry.port}`;
  const bus = await connectBus({ registry: at });
  t.after(async () => {
    await bus.close();
    await registry.stop();
  });
  return { at, bus, port: registry.port };
}

const status = async (t, at, ...args) => {
  const { code, stdout, stderr } = await owtGrpc(t, ['status', '--registry', at, '--json', '--interval', '0', ...args]);
  return { code, stderr, picture: JSON.parse(stdout) };
};

test('each member tells its ids, subscriptions, links and traffic', limit, async (t) => {
  const { at, bus, port } = await busOf(t);
  await Member.start(t, port, 'other');
  await bus.subscribe('news', 'a.#').ready;
  for (let n = 0; n < 3; n++) await bus.call('other', 'ping', []);
  bus.cast('other', 'note', ['x', 1]);
  bus.cast('nobody', 'x', []);
  const { code, picture } = await status(t, at);
  assert.equal(code, 0);
  assert.deepEqual([picture.registry, picture.cluster, picture.connected], [at, 'owt', true]);
  const own = picture.members.find(({ member }) => member === bus.connection.member);
  const other = picture.members.find(({ ids }) => ids.includes('other'));
  assert.equal(picture.members.length, 2, 'the observer is not shown');
  const { calls, casts, messages, bytes, failed } = own.sent;
  assert.deepEqual({ calls, casts, messages, bytes, failed }, { calls: 3, casts: 2, messages: 0, bytes: 3 * 2 + 7 + 2, failed: 0 });
  assert.deepEqual([own.unroutable, own.dropped, own.reconnects, own.pendingCalls], [1, 0, 0, 0]);
  assert.deepEqual(own.subscriptions, [{ exchange: 'news', pattern: 'a.#' }]);
  assert.deepEqual([other.received.calls, other.received.casts], [3, 1]);
  assert.deepEqual(own.links, [{ to: other.member, link: 'up', queuedFrames: 0, queuedBytes: 0 }]);
});

test('calls that fail are counted at both ends, and how long calls took', limit, async (t) => {
  const { at, bus, port } = await busOf(t);
  await Member.start(t, port, 'other');
  await bus.call('other', 'slowly', [1]);
  for (let n = 0; n < 2; n++) await assert.rejects(bus.call('other', 'no such method', []), { code: 'HANDLER' });
  await assert.rejects(bus.call('nobody', 'x', [], { timeout: 20 }), { code: 'UNKNOWN_ID' });
  const { picture } = await status(t, at);
  const own = picture.members.find(({ member }) => member === bus.connection.member);
  const other = picture.members.find(({ ids }) => ids.includes('other'));
  assert.deepEqual([own.sent.failed, own.received.failed, other.sent.failed, other.received.failed], [3, 0, 0, 2]);
  assert.equal(own.latency.calls.reduce((sum, count) => sum + count, 0), 3, 'those with a reply');
  assert.ok(own.p99Ms >= 100, String(own.p99Ms));
  assert.equal(other.p99Ms, null);
});

test('a hundred members are a line each, none of them silent, and no line is wider than it may be', limit, async (t) => {
  const { port } = await registryProcess(t);
  await spawnCrowd(t, port, 100);
  const { code, stdout } = await owtGrpc(t, ['status', '--registry', `127.0.0.1:${port}`, '--interval', '0', '--width', '80']);
  assert.equal(code, 0, stdout);
  const [heading, , totals, head, ...rows] = stdout.trimEnd().split('\n');
  assert.match(heading, new RegExp(`^registry 127\\.0\\.0\\.1:${port} \\(--registry\\) .* 100 members$`));
  assert.equal(totals, 'totals');
  assert.match(head, /^module .*errors {2}failed {2}p99 ms/);
  // Those of one process are of one module, so that there are no sums by module.
  assert.equal(rows.length, 100);
  for (const line of [head, ...rows]) assert.ok(line.length <= 80, line);
});

test('on a terminal --watch keeps to the screen, scrolls, and leaves the terminal as it was', { ...limit, skip: noTerminal }, async (t) => {
  const { port } = await registryProcess(t);
  await spawnCrowd(t, port, 50);
  const watch = onTerminal(t, ['status', '--registry', `127.0.0.1:${port}`, '--watch', '--interval', '0.2'], { cwd: __dirname, env: cleanEnvironment() });
  await watch.shows('50 members');
  await watch.shows('1-20 of 50');
  watch.type('\x1b[F');
  await watch.shows('31-50 of 50');
  watch.type('s');
  await watch.shows('by calls');
  watch.type('m');
  await watch.shows('1-1 of 1');
  watch.type('q');
  const { screen, code, state } = await watch.end();
  assert.deepEqual([code, state], [0, 'normal'], screen);
  assert.ok(screen.endsWith('\x1b[?25h'), 'the cursor is shown again');
  const again = onTerminal(t, ['status', '--registry', `127.0.0.1:${port}`, '--watch'], { cwd: __dirname, env: cleanEnvironment() });
  await again.shows('1-20 of 50');
  again.type('\x03');
  assert.deepEqual((({ code, state }) => [code, state])(await again.end()), [0, 'normal']);
});

test('a member whose JavaScript is blocked answers', limit, async (t) => {
  const { at, port } = await busOf(t);
  const busy = await Member.start(t, port, 'busy');
  await busy.tell('block', 60_000);
  const { code, picture } = await status(t, at);
  assert.equal(code, 0);
  const seen = picture.members.find(({ ids }) => ids.includes('busy'));
  assert.deepEqual([seen.answered, seen.registry], [true, true]);
});

test('a member that does not answer in time is shown as such, and the exit code is 1', { ...limit, skip: process.platform === 'win32' && 'stops a process' }, async (t) => {
  const { at, port } = await busOf(t);
  const stopped = await Member.start(t, port, 'stopped');
  stopped.child.kill('SIGSTOP');
  const { code, picture } = await status(t, at, '--timeout', '300');
  assert.equal(code, 1);
  const seen = picture.members.find(({ ids }) => ids.includes('stopped'));
  assert.equal(seen.answered, false);
  assert.match(seen.why, /could not reach|no reply from/);
  const { stdout } = await owtGrpc(t, ['status', '--registry', at, '--interval', '0', '--timeout', '300']);
  assert.match(stdout, /does not answer: /);
});

test('a call for a member itself has no method but status', limit, async (t) => {
  const { bus, port } = await busOf(t);
  await Member.start(t, port, 'other');
  const { members } = await bus.status();
  const told = await bus.call(`!${members[0].member}`, 'status');
  assert.deepEqual(told.ids, ['other']);
  assert.equal((await bus.call(`!${bus.connection.member}`, 'status')).member, bus.connection.member);
  await assert.rejects(bus.call(`!${members[0].member}`, 'stop'), { code: 'HANDLER', message: 'Not support method' });
  await assert.rejects(bus.call('!no-such-member', 'status', [], { timeout: 100 }), { code: 'UNKNOWN_ID' });
  bus.cast(`!${members[0].member}`, 'status', []);
  assert.equal((await bus.status()).unroutable, 1);
});

test('--watch looks again and again, with rates, until it is interrupted', limit, async (t) => {
  const { at, bus } = await busOf(t);
  const watch = new Running(t, ['status', '--registry', at, '--watch', '--json', '--interval', '0.1']);
  const calling = setInterval(() => bus.publish('news', 'a', 1), 1);
  t.after(() => clearInterval(calling));
  await watch.lineThat((line) => JSON.parse(line).members[0].perSecond.sent.messages > 0);
  clearInterval(calling);
  await watch.lineThat((line) => JSON.parse(line).members[0].perSecond.sent.messages === 0);
  assert.equal(await watch.end('SIGINT'), 0);
});

test('without a registry it says where it looked, and does not become it', limit, async (t) => {
  const port = await freePort();
  const { code, stderr } = await owtGrpc(t, ['status', '--registry', `127.0.0.1:${port}`]);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`no registry of the bus at 127\\.0\\.0\\.1:${port} \\(--registry\\) within 5 s: .*Connection refused`));
  const named = await owtGrpc(t, ['status'], { env: { OWT_GRPC_REGISTRY: `127.0.0.1:${port}` } });
  assert.match(named.stderr, new RegExp(`127\\.0\\.0\\.1:${port} \\(OWT_GRPC_REGISTRY\\) within`));
});

test('another cluster, and a setting that is none, are said', limit, async (t) => {
  const { at } = await busOf(t);
  const other = await owtGrpc(t, ['status', '--registry', at, '--cluster', 'other']);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /belongs to the cluster/);
  const wrong = await owtGrpc(t, ['status', '--registry', 'a:b']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /"a:b" is not host:port/);
  for (const args of [['--interval', 'x'], ['--timeout', '0'], ['--sort', 'x'], ['--width', '3'], ['--wacth']]) assert.equal((await owtGrpc(t, ['status', ...args])).code, 2, args.join(' '));
});
