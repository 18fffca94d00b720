'use strict';

// What the file system sees of a store.

const assert = require('node:assert').strict;
const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { grpcPassphrases, readStore, updateStore } = require('../../lib/credentials/store');
const { crypt, sealed, tempFolder, tempStore } = require('../support/cli/stores');

const posix = { skip: process.platform === 'win32' && 'modes and links of POSIX' };
const needsRoot = process.getuid?.() === 0 ? false : 'needs root';
const library = require.resolve('../../lib/credentials/store');

const modeOf = (file) => fs.statSync(file).mode & 0o777;

test('a store that is not there is null, everything else that cannot be read is an error that names it', (t) => {
  const folder = tempFolder(t);
  assert.equal(readStore(path.join(folder, '.owt.authstore')), null);
  assert.throws(() => readStore(folder), (error) => error.code === 'UNREADABLE' && error.message.startsWith(`${folder}: is not a file`));
  const below = path.join(tempStore(t, ''), 'below');
  assert.throws(() => readStore(below), { code: 'UNREADABLE', message: /cannot be read \(ENOTDIR\)/ });
  for (const [bytes, code] of [
    ['', 'NOT_A_STORE'],
    ['text', 'NOT_A_STORE'],
    [sealed('{"a":1}').subarray(0, 20), 'DAMAGED'],
    [sealed('{"a":1'), 'DAMAGED'],
    [sealed(Buffer.from('7b2261223a22ff227d', 'hex')), 'DAMAGED'],
    [sealed(''), 'DAMAGED'],
    [sealed('[1]'), 'INVALID'],
    [sealed('null'), 'INVALID'],
  ]) {
    const file = tempStore(t, bytes);
    assert.throws(() => readStore(file), (error) => error.code === code && error.file === file && error.message.startsWith(`${file}: `), String(bytes));
  }
});

test('a pipe in place of the store is refused and does not block', posix, (t) => {
  const file = tempStore(t);
  execFileSync('mkfifo', [file]);
  assert.throws(() => readStore(file), { code: 'UNREADABLE', message: /is not a file/ });
});

test('an update keeps what it does not name, also what is not known, and sets null', async (t) => {
  const file = tempStore(t, sealed('{"rabbit":{"username":"u"},"__proto__":{"a":1},"later":[1,2]}'));
  await updateStore(file, { grpc: { serverPass: 'a', clientPass: 'b' }, rabbit: null });
  const json = '{"rabbit":null,"__proto__":{"a":1},"later":[1,2],"grpc":{"serverPass":"a","clientPass":"b"}}';
  assert.equal(JSON.stringify(readStore(file).reveal()), json);
});

test('a store that cannot be read is not overwritten', async (t) => {
  for (const bytes of ['text', sealed('[1]'), sealed('{"a":1}').subarray(0, 20)]) {
    const file = tempStore(t, bytes);
    const before = fs.readFileSync(file);
    await assert.rejects(updateStore(file, { a: 1 }), { name: 'StoreError' });
    assert.deepEqual(fs.readFileSync(file), before);
    assert.deepEqual(fs.readdirSync(path.dirname(file)), ['.owt.authstore']);
  }
});

test("the file is its owner's only, also if it was wider before, and whatever the umask", posix, (t) => {
  for (const mode of [null, 0o666, 0o400]) {
    for (const umask of ['000', '777']) {
      const file = tempStore(t);
      if (mode !== null) {
        fs.writeFileSync(file, sealed('{}'));
        fs.chmodSync(file, mode);
      }
      execFileSync('sh', ['-c', `umask ${umask}; exec "$0" -e "$1" "$2" "$3"`, process.execPath,
        "require(process.argv[1]).updateStore(process.argv[2], { a: 1 })", library, file]);
      assert.equal(modeOf(file), 0o600);
    }
  }
});

test('a store that belongs to another user still does after root has updated it', { skip: needsRoot }, async (t) => {
  const file = tempStore(t, sealed('{"a":1}'));
  fs.chownSync(file, 12345, 23456);
  await updateStore(file, { b: 2 });
  const { uid, gid } = fs.statSync(file);
  assert.deepEqual([uid, gid, modeOf(file)], [12345, 23456, 0o600]);
});

test('a folder that may not be written is an error that says so', { skip: needsRoot }, (t) => {
  const file = tempStore(t, sealed('{"a":1}'));
  fs.chownSync(path.dirname(file), 0, 0);
  fs.chmodSync(path.dirname(file), 0o755);
  fs.chmodSync(file, 0o644);
  const script = `process.setuid(12345); const s = require(process.argv[1]);
    s.updateStore(process.argv[2], { b: 1 }).catch((error) => console.log(error.code, error.message))`;
  const output = execFileSync(process.execPath, ['-e', `require(process.argv[1]); ${script}`, library, file], { encoding: 'utf8' });
  assert.match(output, /^UNWRITABLE .*authstore: cannot be written \(EACCES\); run this as the user who owns/);
  assert.equal(JSON.stringify(readStore(file).reveal()), '{"a":1}');
});

test('a folder that is not there is an error that says so', async (t) => {
  const file = path.join(tempFolder(t), 'no', '.owt.authstore');
  await assert.rejects(updateStore(file, {}), { code: 'UNWRITABLE', message: /make its folder first/ });
});

test('a link to a store stays one', posix, async (t) => {
  const file = tempStore(t, sealed('{"a":1}'));
  const link = path.join(tempFolder(t), '.owt.authstore');
  fs.symlinkSync(file, link);
  await updateStore(link, { b: 2 });
  assert.ok(fs.lstatSync(link).isSymbolicLink());
  assert.deepEqual(readStore(file).reveal(), { a: 1, b: 2 });
});

test('processes that update one store at once all get their entry in', { timeout: 60_000 }, async (t) => {
  const file = tempStore(t);
  // With what a killed update has left before them.
  execFileSync(process.execPath, ['-e', 'require(process.argv[1]).tryLock(process.argv[2])', path.join(__dirname, '../../lib/common/files/lock.js'), `${file}.lock`]);
  const script = `const { updateStore } = require(process.argv[1]);
    (async () => { for (let n = 0; n < 10; n++) await updateStore(process.argv[2], { [process.argv[3] + n]: n }); })()`;
  const children = ['a', 'b', 'c', 'd'].map((name) => spawn(process.execPath, ['-e', script, library, file, name], { stdio: 'inherit' }));
  t.after(() => children.forEach((child) => child.kill('SIGKILL')));
  const codes = await Promise.all(children.map((child) => once(child, 'exit').then(([code]) => code)));
  assert.deepEqual(codes, [0, 0, 0, 0]);
  assert.equal(Object.keys(readStore(file).reveal()).length, 40);
});

test('who reads while others write always finds a whole store', { timeout: 60_000 }, async (t) => {
  const file = tempStore(t);
  await updateStore(file, { a: 0 });
  const script = `const { updateStore } = require(process.argv[1]);
    (async () => { for (let n = 1; n <= 200; n++) await updateStore(process.argv[2], { a: 'x'.repeat(n * 50) }); })()`;
  const writer = spawn(process.execPath, ['-e', script, library, file], { stdio: 'inherit' });
  t.after(() => writer.kill('SIGKILL'));
  const ended = once(writer, 'exit');
  let running = true;
  ended.then(() => (running = false));
  while (running) {
    assert.deepEqual(Object.keys(readStore(file).reveal()), ['a']);
    await new Promise(setImmediate);
  }
  assert.deepEqual((await ended)[0], 0);
});

for (const [moment, call] of [['before it has written', 'fchmodSync'], ['before the new content is in place', 'renameSync']]) {
  test(`an update that is killed ${moment} leaves the old store, and nothing in the way of the next one`, posix, async (t) => {
    const file = tempStore(t, sealed('{"a":1}'));
    const script = `process.umask(0); require('node:fs').${call} = () => process.kill(process.pid, 'SIGKILL');
      require(process.argv[1]).updateStore(process.argv[2], { a: 2 })`;
    const [, signal] = await once(spawn(process.execPath, ['-e', script, library, file]), 'exit');
    assert.equal(signal, 'SIGKILL');
    assert.deepEqual(readStore(file).reveal(), { a: 1 });
    assert.equal(modeOf(`${file}.new`), 0o600, 'nobody else could read it meanwhile');
    await updateStore(file, { a: 3 }, { waitMs: 0 });
    assert.deepEqual(readStore(file).reveal(), { a: 3 });
    assert.deepEqual(fs.readdirSync(path.dirname(file)), [path.basename(file)]);
  });
}

test('grpcPassphrases gives what is stored, and null for what is not', (t) => {
  for (const [json, server, client] of [
    ['{"grpc":{"serverPass":"one","clientPass":"two"}}', 'one', 'two'],
    ['{"grpc":{"serverPass":"one","clientPass":""}}', 'one', undefined],
    ['{"grpc":{"clientPass":"two"}}', undefined, 'two'],
    ['{"grpc":null}', undefined, undefined],
    ['{}', undefined, undefined],
  ]) {
    const found = grpcPassphrases(path.dirname(tempStore(t, sealed(json))));
    assert.deepEqual([found.server?.reveal(), found.client?.reveal()], [server, client], json);
  }
  assert.deepEqual(grpcPassphrases(tempFolder(t)), { server: null, client: null });
});

test('grpcPassphrases refuses a store that it cannot use, and entries of another kind', (t) => {
  assert.throws(() => grpcPassphrases(path.dirname(tempStore(t, 'text'))), { code: 'NOT_A_STORE' });
  for (const [json, entry] of [['{"grpc":"x"}', 'grpc'], ['{"grpc":[]}', 'grpc'], ['{"grpc":{"serverPass":5}}', 'grpc.serverPass'], ['{"grpc":{"clientPass":{}}}', 'grpc.clientPass']]) {
    assert.throws(() => grpcPassphrases(path.dirname(tempStore(t, sealed(json)))), (error) => error.code === 'INVALID' && error.message.includes(`its entry ${entry} is`));
  }
});

test("grpcPassphrases looks into the current directory, with the key of OWT's global.config", (t) => {
  const key = require('node:crypto').pbkdf2Sync('mine', 'grain', 4000, 32, 'sha256');
  const file = tempStore(t, crypt(crypt(sealed('{"grpc":{"serverPass":"one"}}')), key));
  const script = `global.config = Object.assign(Object.create(null), { credPass: 'mine', credSalt: 'grain' });
    const { server, client } = require(process.argv[1]).grpcPassphrases(); console.log(server.reveal(), client)`;
  assert.equal(execFileSync(process.execPath, ['-e', script, library], { cwd: path.dirname(file), encoding: 'utf8' }), 'one null\n');
});
