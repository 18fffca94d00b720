'use strict';

// The operator's secret: what `owt-grpc tap`, `rpc` and `doctor` do at members that ask for it.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { connectBus, setLogger, startRegistry } = require('../..');
const { Running, owtGrpc } = require('../support/cli');
const { tempFolder } = require('../support/cli/stores');

const limit = { timeout: 120_000 };
const SECRET = 'the operator\'s own secret';
const shell = (secret, more) => ({ ...(secret && { OWT_GRPC_OPERATOR_SECRET: secret }), ...more });

/** Members of one registry, with what each asks for; each serves an id of its own. And all that they log. */
async function members(t, ...secrets) {
  const lines = [];
  setLogger({ warn: (text) => lines.push(text) });
  const registry = await startRegistry({ listen: '127.0.0.1:0' });
  const at = `127.0.0.1:${registry.port}`;
  const buses = [];
  t.after(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await registry.stop();
    setLogger(null);
  });
  for (const operatorSecret of secrets) {
    const bus = await connectBus({ registry: at, operatorSecret });
    await bus.serve(`room-${buses.length}`, { join: (name) => `welcome ${name}` });
    buses.push(bus);
  }
  const run = (args, env) => owtGrpc(t, [args[0], '--registry', at, ...args.slice(1)], { env });
  const look = async (env) => {
    const tap = new Running(t, ['tap', '--registry', at], { env });
    await until(tap, /looking/);
    return tap;
  };
  return { at, buses, lines, run, look };
}

/** The kind of what a line shows, and its id. */
const seenIn = (line) => /^\S+ (\w+) +(?:#\d+ )?(\S+?)\.\w+ /.exec(line).slice(1);

/** Until a command has said that on stderr. */
async function until(running, pattern) {
  while (!pattern.test(running.stderr)) {
    const ended = await Promise.race([running.closed, new Promise((resolve) => running.child.stderr.once('data', () => resolve(null)))]);
    if (ended !== null && !pattern.test(running.stderr)) throw new Error(`it has ended: ${running.stderr}`);
  }
}

for (const [name, secret, doubt] of [['without the secret', undefined, /is not proved: set OWT_GRPC_OPERATOR_SECRET/], ['with another secret', 'x', /the one that is proved is another: set OWT_GRPC_OPERATOR_SECRET/]]) {
  test(`${name} tap and rpc are refused at members that ask for it, with what to set, and each of them logs it once`, limit, async (t) => {
    const { run, lines, buses } = await members(t, SECRET, SECRET);
    const tap = await run(['tap', '--json'], shell(secret));
    assert.equal(tap.code, 1, tap.stderr);
    assert.match(tap.stderr, /no member shows what passes: what operators do \(tap, rpc\) needs the operator's secret/);
    assert.match(tap.stderr, doubt);
    assert.equal(tap.stdout, '');
    assert.deepEqual(lines.map((line) => /needs the operator.s secret/.test(line)), [true, true], lines.join('\n'));
    const rpc = await run(['rpc', 'room-1', 'join', '["Ann"]'], shell(secret));
    assert.equal(rpc.code, 1, rpc.stdout);
    assert.match(rpc.stderr, /REFUSED: room-1\.join: calling room-1 by a command needs the operator's secret/);
    assert.match(rpc.stderr, doubt);
    assert.equal(lines.length, 3, lines.join('\n'));
    const json = await run(['rpc', 'room-1', 'join', '--json'], shell(secret));
    assert.equal(JSON.parse(json.stdout).error.code, 'REFUSED');
    for (const output of [...lines, tap.stderr, rpc.stderr, ...buses.map((bus) => JSON.stringify(bus.connection.secret))]) assert.ok(!output.includes(SECRET));
    // Whose id is where is no secret.
    assert.equal((await run(['status', '--json', '--interval', '0'], shell(secret))).code, 0);
  });
}

test('with the secret tap shows all and rpc is answered, from a variable or a file, by texts that are being replaced, too', limit, async (t) => {
  const { buses, run, look, lines } = await members(t, SECRET, ['new', SECRET], undefined);
  const file = path.join(tempFolder(t), 'secret');
  fs.writeFileSync(file, `${SECRET}\n`);
  for (const env of [shell(SECRET), { OWT_GRPC_OPERATOR_SECRET_FILE: file }, shell('new', { OWT_GRPC_OPERATOR_SECRET_OLD: SECRET })]) {
    const tap = await look(env);
    for (const n of [0, 1, 2]) {
      await buses[(n + 1) % 3].call(`room-${n}`, 'join', ['Ann']);
      const seen = [await tap.line(), await tap.line()];
      assert.deepEqual(seen.map(seenIn), [['call', `room-${n}`], ['reply', `room-${n}`]]);
      const rpc = await run(['rpc', `room-${n}`, 'join', '["Bob"]', '--json'], env);
      assert.deepEqual([rpc.code, JSON.parse(rpc.stdout)], [0, { data: 'welcome Bob' }], rpc.stderr);
      await tap.line();
      await tap.line();
    }
    assert.equal(await tap.end('SIGINT'), 0);
  }
  assert.deepEqual(lines, []);
});

test('where some members ask for another secret, tap names them and shows the others; a member that comes later is seen from its first call', limit, async (t) => {
  const { at, buses, look } = await members(t, SECRET, 'another', undefined);
  const tap = await look(shell(SECRET));
  assert.match(tap.stderr, new RegExp(`${buses[1].connection.member} does not show what passes: .*is another`));
  assert.equal(tap.stderr.match(/does not show/g).length, 1);
  const late = await connectBus({ registry: at, operatorSecret: SECRET });
  t.after(() => late.close());
  await late.serve('late', { join: () => 'late' });
  for (const id of ['room-1', 'room-0', 'room-2', 'late']) await buses[2].call(id, 'join', ['Ann']);
  const ids = [];
  for (let n = 0; n < 6; n++) ids.push(seenIn(await tap.line())[1]);
  assert.deepEqual([...new Set(ids)].sort(), ['late', 'room-0', 'room-2']);
});

test('modules call and cast to members that ask, whether or not they have the secret, and those that listen to what passes prove it', limit, async (t) => {
  const { at, buses, lines } = await members(t, SECRET, undefined);
  assert.equal(await buses[1].call('room-0', 'join', ['Ann']), 'welcome Ann');
  const [friend, stranger] = [await connectBus({ registry: at, operatorSecret: SECRET }), await connectBus({ registry: at, operatorSecret: 'x' })];
  t.after(() => Promise.all([friend.close(), stranger.close()]));
  const seen = await friend.subscribe('owt-grpc.tap', '#');
  const unseen = await stranger.subscribe('owt-grpc.tap', '#');
  const name = stranger.connection.member;
  await buses[1].call('room-0', 'join', ['Bob']);
  const { value } = await seen[Symbol.asyncIterator]().next();
  assert.equal(value.data.id, 'room-0');
  assert.deepEqual(lines.filter((line) => line.includes(`${name} is not shown what passes`)).length, 1, lines.join('\n'));
  await stranger.close();
  assert.equal((await unseen[Symbol.asyncIterator]().next()).done, true, 'nothing has come');
});

test('a member in a worker thread asks for the secret of its environment', limit, async (t) => {
  const { at, run } = await members(t);
  const worker = new Worker(`
    const { connectBus } = require(${JSON.stringify(path.join(__dirname, '../..'))});
    const { parentPort } = require('node:worker_threads');
    connectBus({ registry: ${JSON.stringify(at)} }).then((bus) => bus.serve('room', { join: () => 'in' })).then(() => parentPort.postMessage('ready'));
  `, { eval: true, env: { ...process.env, OWT_GRPC_OPERATOR_SECRET: SECRET } });
  t.after(() => worker.terminate());
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  assert.match((await run(['rpc', 'room', 'join'])).stderr, /needs the operator's secret/);
  assert.equal((await run(['rpc', 'room', 'join'], shell(SECRET))).stdout.trim(), '"in"');
});

test('the doctor says where the secret is, and which members that run have another, or none', limit, async (t) => {
  const cwd = tempFolder(t);
  const { at } = await members(t, SECRET, undefined);
  const findings = async (env) => {
    const { stdout } = await owtGrpc(t, ['doctor', '--json'], { cwd, env: { OWT_GRPC_REGISTRY: at, ...env } });
    return JSON.parse(stdout).findings.filter(({ setting }) => setting === 'operator').map(({ level, text }) => `${level} ${text}`).join('\n');
  };
  const [right, wrong, none] = await Promise.all([findings(shell(SECRET)), findings(shell('x')), findings()]);
  assert.match(right, /^warn 1 of 2 members at .* ask for no operator's secret.*\nok the operator's secret is OWT_GRPC_OPERATOR_SECRET/);
  assert.match(wrong, /warn 1 of 2 members at .* refuse `tap` and `rpc` from here: .*is another/);
  assert.match(none, /warn 1 of 2 members at .* refuse `tap` and `rpc` from here: .*is not proved/);
  const both = await findings(shell('y', { OWT_GRPC_CLUSTER_SECRET: 'y' }));
  assert.match(both, /warn the operator's secret \(OWT_GRPC_OPERATOR_SECRET\) is the cluster's, too: it keeps nobody out/);
});

test('a file of the secret that cannot be used is an error that names the setting', limit, async (t) => {
  const nowhere = path.join(tempFolder(t), 'nowhere');
  const { run } = await members(t, SECRET);
  const { code, stderr } = await run(['tap'], { OWT_GRPC_OPERATOR_SECRET_FILE: nowhere });
  assert.equal(code, 2);
  assert.match(stderr, /OWT_GRPC_OPERATOR_SECRET_FILE names .*nowhere, which cannot be read \(ENOENT\)/);
  await assert.rejects(async () => connectBus({ operatorSecret: '' }), /connectBus: option operatorSecret must be a text that is not empty/);
});
