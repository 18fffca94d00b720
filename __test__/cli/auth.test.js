'use strict';

// `owt-grpc auth` with a pipe, and the command line of both.

const assert = require('node:assert').strict;
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { readStore } = require('../../lib/credentials/store');
const { sealed, tempFolder } = require('../support/cli/stores');
const { command, withPipe } = require('../support/cli/terminal');

const storeIn = (cwd, options) => readStore(path.join(cwd, '.owt.authstore'), options)?.reveal();
const lines = (...answers) => answers.map((answer) => `${answer}\n`).join('');

/** Runs `owt-grpc auth` in a folder of its own, with a store if there is one to begin with. */
async function auth(t, args, input, before) {
  const cwd = tempFolder(t);
  if (before !== undefined) fs.writeFileSync(path.join(cwd, '.owt.authstore'), sealed(JSON.stringify(before)));
  const result = await withPipe(t, ['auth', ...args], { cwd, input });
  return { ...result, cwd };
}

const limit = { timeout: 30_000 };

test('--grpc asks for the server key, then for the client key, and stores both', limit, async (t) => {
  const { code, stdout, stderr, cwd } = await auth(t, ['--grpc'], lines('yes', 'one', 'two'));
  assert.deepEqual([code, stderr], [0, '']);
  assert.ok(stdout.indexOf('server key') < stdout.indexOf('client key'));
  assert.deepEqual(storeIn(cwd), { grpc: { serverPass: 'one', clientPass: 'two' } });
});

test('without options it asks for the accounts of RabbitMQ and MongoDB', limit, async (t) => {
  const { code, cwd } = await auth(t, [], lines('y', 'r', 'rp', 'YES', 'm', 'mp'));
  assert.equal(code, 0);
  assert.deepEqual(storeIn(cwd), { rabbit: { username: 'r', password: 'rp' }, mongo: { username: 'm', password: 'mp' } });
});

test('all entries at once are asked for in the order of initauth.js, whatever the order of the options', limit, async (t) => {
  const args = ['--spk', '--grpc', '--internal', '--mongodb', '--rabbitmq'];
  const { code, stdout, cwd } = await auth(t, args, lines('y', 'r', 'rp', 'y', 'm', 'mp', 'y', 'i', 'y', 's', 'c', 'y'));
  assert.equal(code, 0);
  const { spk, ...rest } = storeIn(cwd);
  assert.deepEqual(rest, {
    rabbit: { username: 'r', password: 'rp' }, mongo: { username: 'm', password: 'mp' }, internalPass: 'i', grpc: { serverPass: 's', clientPass: 'c' },
  });
  assert.match(spk, /^[0-9a-f]{128}$/);
  assert.ok(stdout.includes(`Service protection key: ${spk}\n`), 'this one is shown on purpose: it is copied to other modules');
});

test('"no", or nothing, leaves an entry and the file as they were', limit, async (t) => {
  const { code, stdout, cwd } = await auth(t, ['--grpc', '--rabbitmq', '--spk'], lines('no', '', 'N'), { spk: 'old' });
  assert.equal(code, 0);
  assert.match(stdout, /Nothing to store\./);
  assert.deepEqual(storeIn(cwd), { spk: 'old' });
  assert.equal((await auth(t, ['--grpc'], lines('no'))).stdout.includes('Stored'), false);
});

test('--cleanup sets what is selected to null without asking, and keeps the rest', limit, async (t) => {
  const before = { rabbit: { username: 'r' }, mongo: { username: 'm' }, internalPass: 'i', grpc: {}, spk: 's', later: 1 };
  for (const [args, cleaned] of [
    [[], { rabbit: null, mongo: null }],
    [['--grpc'], { grpc: null }],
    [['--internal', '--spk'], { internalPass: null, spk: null }],
  ]) {
    const { code, cwd } = await auth(t, ['--cleanup', ...args], '', before);
    assert.equal(code, 0);
    assert.deepEqual(storeIn(cwd), { ...before, ...cleaned });
  }
});

test('--cleanup reads no input, so it does not wait for a pipe that stays open', limit, async (t) => {
  const { code, cwd } = await auth(t, ['--cleanup', '--grpc'], undefined);
  assert.equal(code, 0);
  assert.deepEqual(storeIn(cwd), { grpc: null });
});

test('--dir names the directory of the store, and its name is in the questions', limit, async (t) => {
  const cwd = tempFolder(t);
  fs.mkdirSync(path.join(cwd, 'portal'));
  for (const args of [['--dir', 'portal'], ['--dir=portal/'], ['--dir', path.join(cwd, 'portal')]]) {
    const { code, stdout } = await withPipe(t, ['auth', '--internal', ...args], { cwd, input: lines('yes', args[0]) });
    assert.equal(code, 0);
    assert.match(stdout, /\(portal\) Internal passphrase/);
    assert.deepEqual(storeIn(path.join(cwd, 'portal')), { internalPass: args[0] });
    assert.equal(storeIn(cwd), undefined);
  }
  const { code, stderr } = await withPipe(t, ['auth', '--dir', 'no'], { cwd, input: '' });
  assert.equal(code, 1);
  assert.match(stderr, /there is no directory no; name the module's with --dir/);
});

test('input that ends too early is an error, and nothing is stored, also of what was complete', limit, async (t) => {
  const all = ['yes', 'r', 'rp', 'yes', 's', 'c'];
  for (let answered = 0; answered < all.length; answered++) {
    const { code, stderr, cwd } = await auth(t, ['--rabbitmq', '--grpc'], lines(...all.slice(0, answered)));
    assert.equal(code, 1);
    assert.match(stderr, /the input ended before the last question was answered; nothing was stored/);
    assert.deepEqual(fs.readdirSync(cwd), []);
  }
  assert.equal((await auth(t, ['--rabbitmq', '--grpc'], lines(...all).trimEnd())).code, 0, 'the last line needs no end');
});

test('lines may end as on Windows, may be empty, and are taken as they are', limit, async (t) => {
  const { code, cwd } = await auth(t, ['--grpc'], `yes\r\n\r\n  пароль $(x) "\\  \r\n`);
  assert.equal(code, 0);
  assert.deepEqual(storeIn(cwd), { grpc: { serverPass: '', clientPass: '  пароль $(x) "\\  ' } });
});

test('input that is not what was asked for is an error that does not show it', limit, async (t) => {
  for (const [input, expected] of [
    [lines('hunter2', 'one', 'two'), /please answer yes or no; nothing was stored/],
    [Buffer.from('yes\nhunter2\xff\ntwo\n', 'latin1'), /not UTF-8/],
    [`yes\nhunter2${'x'.repeat(100_000)}`, /longer than 65536 bytes/],
  ]) {
    const { code, stdout, stderr, cwd } = await auth(t, ['--grpc'], input);
    assert.equal(code, 1);
    assert.match(stderr, expected);
    assert.ok(!(stdout + stderr).includes('hunter2'));
    assert.deepEqual(fs.readdirSync(cwd), []);
  }
});

test('a pipe that stays open does not hold the command once it has every answer', limit, async (t) => {
  const cwd = tempFolder(t);
  const running = withPipe(t, ['auth', '--internal'], { cwd });
  running.child.stdin.write(lines('yes', 'i'));
  assert.equal((await running).code, 0);
  assert.deepEqual(storeIn(cwd), { internalPass: 'i' });
});

test('endless input holds nothing', { ...limit, skip: process.platform === 'win32' && 'needs yes' }, async (t) => {
  const cwd = tempFolder(t);
  const child = spawn('sh', ['-c', 'yes | "$0" "$1" auth --internal', process.execPath, command], { cwd, stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.deepEqual(storeIn(cwd), { internalPass: 'y' });
});

test('a store that cannot be read is told before the first question', limit, async (t) => {
  const cwd = tempFolder(t);
  fs.writeFileSync(path.join(cwd, '.owt.authstore'), 'something else');
  const { code, stdout, stderr } = await withPipe(t, ['auth', '--grpc'], { cwd, input: lines('yes', 'a', 'b') });
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^owt-grpc auth: .*\.owt\.authstore: is not a credential store/);
  assert.equal(fs.readFileSync(path.join(cwd, '.owt.authstore'), 'utf8'), 'something else');
});

test('--credpass asks for the pass phrase and the salt of the store first', limit, async (t) => {
  const { code, stderr, cwd } = await auth(t, ['--credpass', '--grpc'], lines('mine', 'grain', 'yes', 'one', 'two'));
  assert.equal(code, 0, stderr);
  assert.deepEqual(storeIn(cwd, { credPass: 'mine', credSalt: 'grain' }), { grpc: { serverPass: 'one', clientPass: 'two' } });

  const again = (input) => withPipe(t, ['auth', '--credpass', '--grpc', '--cleanup'], { cwd, input });
  const wrong = await again(lines('yours', 'grain'));
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /locked with another key/);
  assert.equal((await again(lines('', ''))).code, 2);
  assert.equal((await again(lines('mine', 'grain'))).code, 0);
  assert.deepEqual(storeIn(cwd, { credPass: 'mine', credSalt: 'grain' }), { grpc: null });
});

test('help goes to stdout and lists every option; a wrong command line goes to stderr, with exit code 2 and a hint', limit, async (t) => {
  const run = (...args) => withPipe(t, args, { cwd: tempFolder(t), input: '' });
  const overview = await run('--help');
  assert.deepEqual([overview.code, overview.stderr], [0, '']);
  assert.match(overview.stdout, /^ {2}auth +Stores/m);
  for (const args of [['auth', '--help'], ['auth', '--cleanup', '--help']]) {
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual([code, stderr], [0, '']);
    for (const option of ['grpc', 'rabbitmq', 'mongodb', 'internal', 'spk', 'cleanup', 'dir', 'credpass']) assert.match(stdout, new RegExp(`^ {2}--${option} `, 'm'));
  }
  assert.equal((await run('--version')).stdout.trim(), require('../../package.json').version);

  for (const [args, expected] of [
    [[], /^Usage: owt-grpc <command>/],
    [['auht'], /there is no command auht; did you mean auth\?\n`owt-grpc --help` says more/],
    [['something'], /there is no command something\n/],
    [['\u001b[2J'], /there is no command \?\[2J\n/],
    [['support'], /there is no command support/],
    [['auth', '--gprc'], /option --gprc is not known; did you mean --grpc\?\n`owt-grpc auth --help` says more/],
    [['auth', '--dir'], /option --dir needs a value/],
    [['auth', '--dir='], /option --dir needs a value/],
    [['auth', '--grpc=yes'], /option --grpc takes no value/],
    [['auth', 'grpc'], /only options that begin with --/],
    [['auth', '--constructor'], /option --constructor is not known/],
  ]) {
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, expected);
  }
});

test('a reader of the help that goes early is no failure', { skip: process.platform === 'win32' && 'needs sh' }, () => {
  const { status, stderr } = spawnSync('sh', ['-c', '"$0" "$1" auth --help | true; "$0" "$1" --help >&-', process.execPath, command], { encoding: 'utf8', timeout: 20_000 });
  assert.deepEqual([status, stderr], [0, '']);
});

test('a command loads nothing but itself and the store: no addon, no client', () => {
  const script = `const before = Object.keys(require.cache);
    require('./lib/cli/support/main').main(['auth', '--help']).then(() => console.error(Object.keys(require.cache).filter((name) => !before.includes(name)).join('\\n')))`;
  const { stderr } = spawnSync(process.execPath, ['-e', script], { cwd: path.join(__dirname, '../..'), encoding: 'utf8' });
  // The clock, the texts of errors, and what a hint is made with, are everybody's.
  const files = stderr.trim().split('\n').filter((file) => !/lib.common.(clock|errors|did-you-mean)\.js$/.test(file));
  const loaded = files.map((file) => path.basename(path.dirname(file)));
  assert.deepEqual([...new Set(loaded)].sort(), ['cli', 'compat', 'credentials', 'files', 'support']);
});
