'use strict';

// `owt-grpc auth` as a person uses it.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { readStore } = require('../../lib/credentials/store');
const { tempFolder } = require('../support/cli/stores');
const { noTerminal, onTerminal } = require('../support/cli/terminal');

const options = { skip: noTerminal, timeout: 30_000 };
const storeIn = (cwd) => readStore(path.join(cwd, '.owt.authstore'))?.reveal();

test('what is hidden is not shown, what is not is', options, async (t) => {
  const cwd = tempFolder(t);
  const terminal = onTerminal(t, ['auth', '--rabbitmq', '--grpc'], { cwd });
  for (const [question, answer] of [
    ['RabbitMQ account? [yes/no] ', 'yes'],
    ['User name of RabbitMQ: ', 'visible'],
    ['Password of RabbitMQ: ', 'hunter2-rabbit'],
    ['gRPC TLS keys? [yes/no] ', 'yes'],
    ['Passphrase of the server key: ', 'hunter2-server'],
    ['Passphrase of the client key: ', 'hunter2-клиент'],
  ]) {
    await terminal.shows(question);
    terminal.type(`${answer}\r`);
  }
  const { screen, code, state } = await terminal.end();
  assert.deepEqual([code, state], [0, 'normal'], screen);
  assert.match(screen, /User name of RabbitMQ: .*visible/);
  assert.doesNotMatch(screen, /hunter2|клиент|\*/);
  assert.match(screen, /Stored in .*\.owt\.authstore: rabbit, grpc\r\n$/);
  assert.deepEqual(storeIn(cwd), {
    rabbit: { username: 'visible', password: 'hunter2-rabbit' },
    grpc: { serverPass: 'hunter2-server', clientPass: 'hunter2-клиент' },
  });
});

test('lines that are pasted at once are answers, and the hidden ones stay hidden', options, async (t) => {
  const cwd = tempFolder(t);
  const terminal = onTerminal(t, ['auth', '--rabbitmq', '--internal'], { cwd });
  await terminal.shows('[yes/no] ');
  terminal.type('yes\rname\rhunter2-one\ryes\rhunter2-two\r');
  const { screen, code, state } = await terminal.end();
  assert.deepEqual([code, state], [0, 'normal'], screen);
  assert.doesNotMatch(screen, /hunter2/);
  assert.deepEqual(storeIn(cwd), { rabbit: { username: 'name', password: 'hunter2-one' }, internalPass: 'hunter2-two' });
});

test('keys that edit a line edit a hidden one, too', options, async (t) => {
  const cwd = tempFolder(t);
  const terminal = onTerminal(t, ['auth', '--internal'], { cwd });
  await terminal.shows('[yes/no] ');
  terminal.type('nope\u0015yes\r'); // Ctrl-U
  await terminal.shows('passphrase: ');
  // Ctrl-U; up, which must not bring an earlier answer; backspace; left and right.
  terminal.type('wrong\u0015\u001b[Ahuntex\u007fr2\u001b[D\u001b[C!\r');
  const { screen, code } = await terminal.end();
  assert.equal(code, 0, screen);
  assert.doesNotMatch(screen, /hunt|wrong/);
  assert.deepEqual(storeIn(cwd), { internalPass: 'hunter2!' });
});

test('an answer that is neither yes nor no is asked again', options, async (t) => {
  const cwd = tempFolder(t);
  const terminal = onTerminal(t, ['auth', '--grpc'], { cwd });
  await terminal.shows('[yes/no] ');
  terminal.type('perhaps\r');
  await terminal.shows('please answer yes or no');
  await terminal.shows('[yes/no] ');
  terminal.type('no\r');
  assert.deepEqual([(await terminal.end()).code, storeIn(cwd)], [0, undefined]);
});

for (const [what, before, key, code, text] of [
  ['Ctrl-C at a visible question', [], '\u0003', 130, /interrupted; nothing was stored/],
  ['Ctrl-C at a hidden question', ['yes\r'], 'hunter2\u0003', 130, /interrupted; nothing was stored/],
  ['Ctrl-C at the last question', ['yes\r', 'hunter2\r'], '\u0003', 130, /interrupted; nothing was stored/],
  ['Ctrl-C right behind pasted answers', [], 'yes\rhunter2\rhunter2\r\u0003', 130, /interrupted; nothing was stored/],
  ['Ctrl-D at a hidden question', ['yes\r'], '\u0004', 1, /ended before the last question was answered; nothing was stored/],
]) {
  test(`${what} gives the terminal back, stores nothing and exits with ${code}`, options, async (t) => {
    const cwd = tempFolder(t);
    const terminal = onTerminal(t, ['auth', '--grpc'], { cwd });
    for (const keys of before) {
      await terminal.shows(keys === 'yes\r' ? '[yes/no] ' : 'server key: ');
      terminal.type(keys);
    }
    await terminal.shows(['[yes/no] ', 'server key: ', 'client key: '][before.length]);
    terminal.type(key);
    const end = await terminal.end();
    assert.deepEqual([end.code, end.state], [code, 'normal'], end.screen);
    assert.match(end.screen, text);
    assert.doesNotMatch(end.screen, /hunter2/);
    assert.deepEqual(fs.readdirSync(cwd), []);
  });
}

test('a terminal without any abilities hides as well', options, async (t) => {
  const cwd = tempFolder(t);
  const terminal = onTerminal(t, ['auth', '--internal'], { cwd, env: { ...process.env, TERM: 'dumb' } });
  await terminal.shows('[yes/no] ');
  terminal.type('yes\r');
  await terminal.shows('passphrase: ');
  terminal.type('hunter2\r');
  const { screen, code, state } = await terminal.end();
  assert.deepEqual([code, state], [0, 'normal'], screen);
  assert.doesNotMatch(screen, /hunter2/);
  assert.deepEqual(storeIn(cwd), { internalPass: 'hunter2' });
});
