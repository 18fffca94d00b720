'use strict';

// The secret that a user's processes share where none is set: who makes it, who can
// read it, and what it keeps out.

const assert = require('node:assert').strict;
const { execFile, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { test } = require('node:test');
const { promisify } = require('node:util');
const { connectBus, setLogger, startRegistry } = require('../..');
const { busOptions } = require('../../lib/bus/config');
const { localSecret } = require('../../lib/bus/local-secret');
const { isLoopback } = require('../../lib/common/host-port');
const { modeOfShared } = require('../../lib/bus/secret');
const { nativeSecret } = require('../../lib/bus/secret-keys');
const { freePort } = require('../support/bus');
const { Member } = require('../support/bus/member');
const { hello, join, link, session } = require('../support/bus/raw-member');
const { tempFolder } = require('../support/cli/stores');
const { STRANGER, as, needsRoot, sharedFolder } = require('../support/system/users');

const MODULE = path.join(__dirname, '../../lib/bus/local-secret.js');
const root = { skip: needsRoot };
const limit = { timeout: 60_000 };

const place = (folder, isTemporary = false) => ({ folder, isTemporary });
const modeOf = (file) => fs.statSync(file).mode & 0o777;

/** A folder with a secret that may be used, and its file. */
function made(t) {
  const folder = path.join(tempFolder(t), 'of-user');
  const { text, file } = localSecret([place(folder)]);
  return { folder, text, file };
}

test('the first that looks makes it, for its user alone, and those that come later have the same', (t) => {
  const { folder, text, file } = made(t);
  assert.match(text, /^owt-grpc-generated:[\w-]{43}$/);
  assert.deepEqual([modeOf(folder), modeOf(file), fs.readdirSync(folder)], [0o700, 0o600, ['secret']]);
  assert.deepEqual(localSecret([place(folder)]), { text, file });
  assert.notEqual(made(t).text, text);
});

test('a folder of the user that is there is used, whatever else is in it', (t) => {
  const folder = tempFolder(t);
  fs.chmodSync(folder, 0o700);
  fs.writeFileSync(path.join(folder, 'other'), '');
  assert.equal(localSecret([place(folder)]).file, path.join(folder, 'secret'));
});

test('twenty processes that look at the same moment all have the same', limit, async (t) => {
  const folder = path.join(tempFolder(t), 'of-user');
  const script = `const { localSecret } = require(process.argv[1]); process.stdin.once('data', () => { console.log(localSecret([{ folder: process.argv[2], isTemporary: false }]).text); process.exit(); }); console.log('up');`;
  const children = Array.from({ length: 20 }, () => spawn(process.execPath, ['-e', script, MODULE, folder], { stdio: ['pipe', 'pipe', 'inherit'] }));
  const heard = children.map((child) => createInterface({ input: child.stdout })[Symbol.asyncIterator]());
  for (const lines of heard) assert.equal((await lines.next()).value, 'up');
  for (const child of children) child.stdin.write('now\n');
  const texts = await Promise.all(heard.map(async (lines) => (await lines.next()).value));
  assert.deepEqual([new Set(texts).size, fs.readdirSync(folder)], [1, ['secret']]);
  assert.equal(texts[0], localSecret([place(folder)]).text);
});

for (const [name, spoil, text] of [
  ['a file that others may read', ({ file }) => fs.chmodSync(file, 0o640), /secret has mode 0640, .*`chmod 600 .*secret` if nobody has/],
  ['a file that others may write', ({ file }) => fs.chmodSync(file, 0o602), /secret has mode 0602/],
  ['a folder that others may enter', ({ folder }) => fs.chmodSync(folder, 0o755), /of-user has mode 0755, .*`chmod 700 .*of-user`/],
  ['a symbolic link in place of the file', ({ file }) => replaced(file), /secret is a symbolic link\. Look at it and remove it/],
  ['a symbolic link in place of the folder', ({ folder }) => replaced(folder), /of-user is not a directory/],
  ['a directory in place of the file', ({ file }) => (fs.unlinkSync(file), fs.mkdirSync(file)), /secret is not a file/],
  ['a file in place of the folder', ({ folder }) => (fs.rmSync(folder, { recursive: true }), fs.writeFileSync(folder, '')), /of-user is not a directory/],
  ['a text that was not generated', ({ file }) => fs.writeFileSync(file, 'password'), /secret has something else in it/],
  ['an empty file', ({ file }) => fs.writeFileSync(file, ''), /secret has something else in it/],
  ['a file that is far too long', ({ file }) => fs.appendFileSync(file, ' '.repeat(2000)), /secret has something else in it/],
]) {
  test(`${name} is not used: the error says what to do, and shows no secret`, (t) => {
    const one = made(t);
    spoil(one);
    const elsewhere = place(path.join(tempFolder(t), 'of-user'));
    assert.throws(() => localSecret([place(one.folder), elsewhere]), (error) => {
      assert.match(error.message, text);
      assert.match(error.message, /or set OWT_GRPC_CLUSTER_SECRET .*or OWT_GRPC_SECRET_MODE=off/);
      return !error.message.includes(one.text) && !error.message.includes('password');
    });
    assert.ok(!fs.existsSync(elsewhere.folder));
  });
}

/** Moves what is there aside and leaves a link to it. */
function replaced(file) {
  fs.renameSync(file, `${file}.moved`);
  fs.symlinkSync(`${file}.moved`, file);
}

for (const [name, spoil, text] of [
  ['a file', ({ file }) => fs.chownSync(file, STRANGER, STRANGER), /secret belongs to the user 54321, not to \d+\. Have it removed/],
  ['a folder', ({ folder }) => fs.chownSync(folder, STRANGER, STRANGER), /of-user belongs to the user 54321/],
]) {
  test(`${name} of another user is not used`, root, (t) => {
    const one = made(t);
    spoil(one);
    assert.throws(() => localSecret([place(one.folder)]), text);
  });
}

test('where a place takes no file the next is used, and where none does the error names each and what to set', (t) => {
  const nowhere = path.join(tempFolder(t), 'nowhere', 'of-user');
  const folder = path.join(tempFolder(t), 'of-user');
  assert.equal(localSecret([place(nowhere), place(folder)]).file, path.join(folder, 'secret'));
  assert.throws(() => localSecret([place(nowhere), place(`${nowhere}2`)]), /cannot be made in .*nowhere.of-user \(ENOENT\), .*of-user2 \(ENOENT\): .*OWT_GRPC_CLUSTER_SECRET .*OWT_GRPC_SECRET_MODE=off/);
});

/** What a user without a home gets: the file, or the error. */
async function ofStranger(temporary) {
  const script = `try { console.log(require(process.argv[1]).localSecret().file); } catch (error) { console.log(error.message); }`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, MODULE], { env: { ...process.env, ...as(STRANGER, { TMPDIR: temporary }) } });
  return stdout.trim();
}

test('a user who has no home has it among the temporary files, and nobody keeps them from it unseen', root, async (t) => {
  const temporary = sharedFolder(t);
  const folder = path.join(temporary, `owt-grpc-${STRANGER}`);
  assert.equal(await ofStranger(temporary), path.join(folder, 'secret'));
  assert.deepEqual([modeOf(folder), fs.statSync(folder).uid], [0o700, STRANGER]);
  const taken = sharedFolder(t);
  fs.mkdirSync(path.join(taken, `owt-grpc-${STRANGER}`), { mode: 0o777 });
  assert.match(await ofStranger(taken), /owt-grpc-54321 belongs to the user 0, not to 54321/);
  const mute = sharedFolder(t);
  fs.chmodSync(mute, 0o555);
  assert.match(await ofStranger(mute), /cannot be made in .*owt-grpc-54321 \(EACCES\)/);
});

test('among temporary files it looks young as long as it is used', (t) => {
  const { folder, file } = made(t);
  const old = new Date(2020, 0, 1);
  fs.utimesSync(file, old, old);
  fs.utimesSync(folder, old, old);
  localSecret([place(folder)]);
  assert.equal(fs.statSync(file).mtimeMs, old.getTime());
  localSecret([place(folder, true)]);
  for (const one of [file, folder]) assert.ok(fs.statSync(one).mtimeMs > Date.now() - 60_000);
});

test('the key of a generated secret is what was generated, from wherever it comes, and takes no derivation', async () => {
  const bytes = Buffer.alloc(32, 7);
  const text = `owt-grpc-generated:${bytes.toString('base64url')}`;
  const keyOf = async (secret) => (await nativeSecret({ ...busOptions('owner', { secret }).secret }, 'owt')).keys[0];
  assert.deepEqual(await keyOf(text), bytes);
  // What only looks like one is a person's, and is made slow to guess.
  for (const other of [text.slice(0, -1), `${text}x`, text.toUpperCase()]) {
    const key = await keyOf(other);
    assert.ok(key.length === 32 && !key.equals(bytes));
  }
});

test('it is for clusters on one machine: it is required there, offered where others come from elsewhere, and else there is none', () => {
  for (const host of ['localhost', '127.0.0.1', '127.3.2.1', '127.1', '[::1]', '::1', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]']) {
    assert.ok(isLoopback(host), host);
    assert.equal(modeOfShared(host, { tls: false }), 'required');
    assert.equal(modeOfShared(host, { tls: false, advertised: 'localhost' }), 'required');
    assert.equal(modeOfShared(host, { tls: false, advertised: '10.0.0.5' }), 'offered');
    assert.equal(modeOfShared(host, { tls: true }), null);
  }
  for (const host of ['10.0.0.5', '128.0.0.1', '127.example', 'a.example', '[fd00::1]', '[::2]', '[::ffff:10.0.0.1]']) {
    assert.ok(!isLoopback(host), host);
    assert.equal(modeOfShared(host, { tls: false }), null);
  }
  for (const host of ['0.0.0.0', '[::]', '::']) assert.equal(modeOfShared(host, { tls: false }), 'offered');
  const { secret } = busOptions('owner', {});
  assert.equal(secret.mode, 'required');
  assert.match(secret.source, /^the one that processes of this user share \(.*secret\)$/);
  for (const registry of ['10.0.0.5', 'etcd://127.0.0.1']) assert.equal(busOptions('owner', { registry }).secret, null);
  assert.equal(busOptions('owner', { secretMode: 'accepted' }).secret.mode, 'accepted');
  assert.equal(busOptions('owner', { secretMode: 'off' }).secret, null);
});

test('processes of one user come together with nothing set, and a stranger gets neither session nor link', limit, async (t) => {
  const port = await freePort();
  const members = [await Member.start(t, port, 'a'), await Member.start(t, port, 'b')];
  const bus = await connectBus({ registry: `127.0.0.1:${port}` });
  t.after(() => bus.close({ graceMs: 0 }));
  assert.equal(await bus.call('b', 'ping'), 'b');
  await Promise.all(members.map((member) => member.kill()));
  const { address, member } = await bus.status();
  const ofLink = link(t, { address, member }, [hello()]);
  await ofLink.ended;
  assert.equal(ofLink.got[0].frames[0].refusal.reason, 'SECRET');
});

test('another user of the machine can neither join, look on, call nor host', { ...root, ...limit }, async (t) => {
  const [port, theirs] = [await freePort(), await freePort()];
  const env = as(STRANGER, { TMPDIR: sharedFolder(t) });
  await Member.start(t, port, 'ours');
  const stranger = await Member.spawn(t, port, 'theirs', env);
  assert.match(await stranger.tell('refusal'), /the secret of this side is not the other side's: .*run both as one user.*This side's secret is .*owt-grpc-54321/);
  const cli = path.join(__dirname, '../../bin/owt-grpc.js');
  for (const args of [['tap'], ['rpc', 'ours', 'ping']]) {
    const error = await promisify(execFile)(process.execPath, [cli, ...args], { env: { ...process.env, ...env, OWT_GRPC_REGISTRY: `127.0.0.1:${port}` }, timeout: 20_000 }).catch((reason) => reason);
    assert.match(error.stderr ?? 'it came in', /the secret of this side is not the other side's/);
  }
  await Member.start(t, theirs, 'theirs', env);
  await assert.rejects(connectBus({ registry: `127.0.0.1:${theirs}` }), { code: 'REFUSED', message: /is not the other side's.*This side's secret is/ });
  // Nor by asking nobody for a secret.
  const open = await freePort();
  await Member.start(t, open, 'impostor', { ...env, OWT_GRPC_SECRET_MODE: 'off' });
  await assert.rejects(connectBus({ registry: `127.0.0.1:${open}` }), { code: 'REFUSED', message: /who is at the registry's place is not trusted/ });
});

test('a registry for several machines takes members without the secret, in silence, and those of its own machine trust it', async (t) => {
  const lines = [];
  setLogger({ warn: (line) => lines.push(line) });
  t.after(() => setLogger(null));
  const registry = await startRegistry({ listen: '0.0.0.0:0', insecure: true });
  t.after(() => registry.stop());
  const bus = await connectBus({ registry: `127.0.0.1:${registry.port}`, host: false });
  t.after(() => bus.close({ graceMs: 0 }));
  const guest = session(t, registry.port, [join()]);
  await once(guest.stream, 'data');
  assert.ok(guest.got[0].joined);
  assert.deepEqual(lines, []);
});
