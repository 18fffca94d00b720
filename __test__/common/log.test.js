'use strict';

// The log of a process that has chosen none: on stderr, from warnings up, dated, with the module's name, and no flood.

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { FIRST, LATER, MOST, Repeats, causeOf } = require('../../lib/common/repeats');
const { nameOf } = require('../../lib/common/module-name');
const { lineOf, repetition, withoutFloods } = require('../../lib/common/stderr-log');
const { cleanEnvironment } = require('../support/cli');
const { tempFolder } = require('../support/cli/stores');

const LOG = JSON.stringify(path.join(__dirname, '../../lib/common/log'));

/** A module's process, in a folder of its name. */
async function moduleThat(t, code, env = {}) {
  const folder = path.join(tempFolder(t), 'portal');
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'index.js'), `const { log, setLogger } = require(${LOG}); ${code}`);
  const child = spawn(process.execPath, ['.'], { cwd: folder, env: cleanEnvironment(env) });
  t.after(() => child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  for (const name of /** @type {const} */ (['stdout', 'stderr'])) child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
  const [status] = await once(child, 'close');
  return { status, ...output };
}

const EACH = "log(1, 'an error'); log(2, 'a warning'); log(3, 'news'); log(4, 'details');";

test('warnings go to stderr, each with a time, its level and the name of the module', async (t) => {
  const { status, stdout, stderr } = await moduleThat(t, EACH);
  assert.deepEqual([status, stdout], [0, '']);
  const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}`;
  assert.match(stderr, new RegExp(`^${time}  - ERROR: portal - owt-grpc: an error\n${time}  - WARN: portal - owt-grpc: a warning\n$`));
});

test('OWT_GRPC_LOG names the least urgent that is said, and off silences', async (t) => {
  for (const [level, lines] of [['off', 0], ['error', 1], ['warn', 2], ['info', 3], ['debug', 4], ['', 2], ['loud', 2]]) {
    const { stdout, stderr } = await moduleThat(t, EACH, { OWT_GRPC_LOG: level });
    assert.equal(stdout, '', level);
    assert.equal(stderr.split('\n').length - 1, lines, `${level}: ${stderr}`);
  }
});

test('a logger of the program takes its place', async (t) => {
  const { stdout, stderr } = await moduleThat(t, `setLogger({ warn: console.log }); ${EACH} setLogger(null); ${EACH}`);
  assert.deepEqual([stdout, stderr], ['owt-grpc: a warning\n', '']);
});

test('a thousand lines of one cause are one line, and do not hold the process; a stderr that is closed ends nobody', async (t) => {
  const { status, stderr } = await moduleThat(t, "for (let n = 0; n < 1000; n++) log(2, `nobody serves room-1 (after ${n} ms)`); log(2, 'something else');");
  assert.equal(status, 0);
  assert.match(stderr, /^.* nobody serves room-1 \(after 0 ms\)\n.* something else\n$/);
  const closed = await moduleThat(t, `require('fs').closeSync(2); ${EACH} setTimeout(() => console.log('goes on'), 50)`);
  assert.deepEqual([closed.status, closed.stdout], [0, 'goes on\n']);
});

test('what a line looks like', () => {
  const line = lineOf(new Date(2026, 0, 2, 3, 4, 5, 6), 'warn', 'portal', 'owt-grpc: lost');
  assert.equal(line, '2026-01-02 03:04:05.006  - WARN: portal - owt-grpc: lost');
  assert.equal(repetition({ text: 'it failed\n  at x', count: 7, ms: 9_999, many: false }), 'it failed [7 more like it within 10 s]');
  assert.equal(repetition({ text: 'b', count: 7, ms: 60_000, many: true }), '7 more lines of many causes within 60 s, the last one: b');
});

test('what comes back is counted, told after a time and then less often, and forgotten when it stays away', () => {
  const repeats = new Repeats();
  assert.equal(repeats.next(), Infinity);
  assert.equal(repeats.happened('lost (after 5 ms)', 0), true);
  assert.equal(repeats.happened('lost (after 7 ms)', 1), false);
  assert.equal(repeats.happened('lost (after 9 ms)', 2), false);
  assert.equal(repeats.happened('other', 3), true);
  assert.deepEqual(repeats.over(FIRST - 1), []);
  assert.deepEqual(repeats.over(FIRST), [{ text: 'lost (after 9 ms)', count: 2, ms: FIRST, many: false }]);
  assert.equal(repeats.happened('lost (after 1 ms)', FIRST + 1), false);
  assert.deepEqual(repeats.over(FIRST + LATER), [{ text: 'lost (after 1 ms)', count: 1, ms: LATER, many: false }]);
  assert.deepEqual(repeats.over(FIRST + 2 * LATER), []);
  assert.equal(repeats.next(), Infinity);
  assert.equal(repeats.happened('lost (after 2 ms)', FIRST + 2 * LATER), true);
});

test('what comes back is told when its time is over, once for each time that it is looked for, and nothing is looked for when all is quiet', () => {
  const said = [];
  const time = { at: 0, timers: [], now: () => time.at, setTimeout: (then, ms) => ({ unref: () => time.timers.push({ then, at: time.at + ms }) }) };
  const passTo = (at) => {
    for (time.timers.sort((a, b) => a.at - b.at); time.timers.length > 0 && time.timers[0].at <= at;) {
      const { then, at: due } = time.timers.shift();
      time.at = due;
      then();
    }
    time.at = at;
  };
  const take = withoutFloods((text) => said.push(text), time);
  for (let n = 0; n < 5; n++) {
    time.at = n;
    take('it fails');
  }
  assert.equal(time.timers.length, 1, 'however often it comes');
  passTo(FIRST);
  assert.deepEqual(said, ['it fails', 'it fails [4 more like it within 10 s]']);
  take('it fails');
  passTo(FIRST + LATER);
  assert.equal(said[2], 'it fails [1 more like it within 60 s]');
  passTo(FIRST + 3 * LATER);
  assert.deepEqual([said.length, time.timers.length], [3, 0]);
  take('it fails');
  assert.deepEqual([said[3], time.timers.length], ['it fails', 1]);
});

test('of more causes than can be kept apart the rest is counted together, and all is told', () => {
  const repeats = new Repeats();
  let said = 0;
  for (let n = 0; n < 10 * MOST; n++) said += Number(repeats.happened(`room-${n} is gone`, n));
  assert.equal(said, MOST);
  const told = repeats.over(20_000);
  assert.deepEqual(told, [{ text: `room-${10 * MOST - 1} is gone`, count: 9 * MOST, ms: 20_000 - MOST, many: true }]);
});

test('texts of one cause differ in figures of the moment, and not in names and addresses', () => {
  for (const [one, other, isSame] of [
    ['no reply from a (after 12 ms)', 'no reply from a (after 1361 ms)', true],
    ['12 casts for a were dropped within 3 s', '1 casts for a were dropped within 30 s', true],
    ['connection from 10.0.0.1:51072 to port 80: no', 'connection from 10.0.0.1:51082 to port 80: no', true],
    ['connection from 10.0.0.1:5 to port 80: no', 'connection from 10.0.0.2:5 to port 80: no', false],
    ['nobody serves room-1', 'nobody serves room-2', false],
    ['could not reach 10.0.0.1:5680', 'could not reach 10.0.0.1:5681', false],
    ['lost a@10.0.0.1', 'lost a@10.0.0.2', false],
  ]) assert.equal(causeOf(one) === causeOf(other), isSame, `${one} and ${other}`);
});

test('a module is called by its folder, and another script of it by that and its own name', () => {
  for (const [script, folder, name] of [
    ['/opt/owt/portal/index.js', '/', 'portal'],
    ['/opt/owt/portal', '/opt/owt/portal', 'portal'],
    ['/opt/owt/webrtc_agent/workingNode.js', '/', 'webrtc_agent.workingNode'],
    ['/srv/app/dist/index.js', '/', 'app'],
    ['/srv/app/node_modules/owt-grpc/bin/owt-grpc.js', '/', 'owt-grpc'],
    ['/srv/app/node_modules/.bin/owt-grpc', '/', 'owt-grpc'],
    ['/server.js', '/', 'server'],
    [undefined, '/opt/owt/tool', 'tool'],
    [undefined, '/', 'node'],
  ]) assert.equal(nameOf(script, folder), name, String(script));
});
