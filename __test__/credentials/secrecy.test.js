'use strict';

// What is stored is in no log, no error and no list of processes.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const util = require('node:util');
const v8 = require('node:v8');
const { Secret } = require('../../lib/credentials/secret');
const { grpcPassphrases, readStore, updateStore } = require('../../lib/credentials/store');
const { sealed, tempFolder, tempStore } = require('../support/cli/stores');
const { withPipe } = require('../support/cli/terminal');

const SECRET = 'hunter2-correct-horse';

/** Everything that a log could make of a value. */
const shown = (value) =>
  [
    util.inspect(value, { depth: Infinity, showHidden: true, getters: true }),
    util.inspect({ deep: [value] }, { depth: Infinity, customInspect: false, showHidden: true, getters: true }),
    util.format('%s %o %O %j', value, value, value, value),
    JSON.stringify({ value }),
    `${value}`,
    String(Object.entries(value)),
    value instanceof Error ? `${value.stack}${util.inspect(value.cause, { depth: Infinity, showHidden: true })}` : '',
  ].join('\n');

test('a secret shows itself only when it is asked to', () => {
  for (const inner of [SECRET, { password: SECRET }]) {
    const secret = new Secret(inner);
    assert.ok(!shown(secret).includes(SECRET), shown(secret));
    assert.ok(!shown({ ...secret, copy: v8.deserialize(v8.serialize(secret)) }).includes(SECRET));
    assert.equal(util.inspect({ secret }), '{ secret: [secret] }');
    assert.equal(secret.reveal(), inner);
  }
});

test('what is read from a store can be logged', (t) => {
  const file = tempStore(t, sealed(JSON.stringify({ rabbit: { password: SECRET }, grpc: { serverPass: SECRET, clientPass: SECRET } })));
  assert.ok(!shown(readStore(file)).includes(SECRET));
  assert.ok(!shown(grpcPassphrases(path.dirname(file))).includes(SECRET));
});

test('no error has anything of what is in the store', async (t) => {
  const broken = [
    `{"spk":"${SECRET}"`,
    `{"spk":${SECRET}}`,
    `${SECRET}`,
    `"${SECRET}"`,
    `["${SECRET}"]`,
    `{"grpc":"${SECRET}"}`,
    `{"grpc":["${SECRET}"]}`,
    `{"grpc":{"serverPass":{"x":"${SECRET}"}}}`,
    `{"grpc":{"serverPass":["${SECRET}"]}}`,
  ].map((json) => sealed(json));
  const whole = sealed(JSON.stringify({ spk: SECRET }));
  for (const bytes of [...broken, whole.subarray(0, -1), Buffer.from(SECRET), sealed(SECRET.repeat(100_000))]) {
    const file = tempStore(t, bytes);
    assert.throws(() => grpcPassphrases(path.dirname(file)), (error) => error.name === 'StoreError' && !shown(error).includes(SECRET));
    try {
      await updateStore(file, { a: 1n, [SECRET]: SECRET });
      assert.fail('a BigInt was stored');
    } catch (error) {
      assert.equal(error.name, 'StoreError');
      assert.ok(!shown(error).includes(SECRET), shown(error));
    }
  }
  for (const options of [{ credPass: [SECRET] }, { credPass: SECRET, credSalt: { SECRET } }, { credPass: SECRET }]) {
    assert.throws(() => readStore(tempStore(t, whole), options), (error) => !shown(error).includes(SECRET));
  }
});

test('what is typed is neither in the list of processes nor in what the command prints', { timeout: 30_000 }, async (t) => {
  const cwd = tempFolder(t);
  const running = withPipe(t, ['auth', '--grpc', '--internal'], { cwd });
  const { child } = running;
  child.stdin.write(`yes\n${SECRET}\nyes\n${SECRET}\n`);
  while (!running.stdout().includes('client key')) await new Promise((resolve) => child.stdout.once('data', resolve));
  if (process.platform === 'linux') {
    const processes = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const family = processes.filter((pid) => Number(pid) === child.pid || parentOf(pid) === child.pid);
    assert.ok(family.length > 0);
    for (const pid of family) {
      for (const what of ['cmdline', 'environ']) assert.ok(!fs.readFileSync(`/proc/${pid}/${what}`, 'latin1').includes(SECRET));
    }
  }
  child.stdin.end(`${SECRET}\n`);
  const { code, stdout, stderr } = await running;
  assert.equal(code, 0, stderr);
  assert.ok(!(stdout + stderr).includes(SECRET));
  assert.deepEqual(readStore(path.join(cwd, '.owt.authstore')).reveal(), { internalPass: SECRET, grpc: { serverPass: SECRET, clientPass: SECRET } });
});

function parentOf(pid) {
  try {
    return Number(/\) \S (\d+)/.exec(fs.readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1]);
  } catch {
    return null; // It has ended.
  }
}

test('what does not belong on the command line is not shown either', { timeout: 30_000 }, async (t) => {
  const cwd = tempFolder(t);
  for (const args of [['--grpc', SECRET], [`--grpc=${SECRET}`], [`--pass=${SECRET}`], ['-p', SECRET]]) {
    const { code, stdout, stderr } = await withPipe(t, ['auth', ...args], { cwd, input: '' });
    assert.equal(code, 2);
    assert.ok(!(stdout + stderr).includes(SECRET), stderr);
  }
});
