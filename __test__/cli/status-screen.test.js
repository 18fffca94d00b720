'use strict';

// `owt-grpc status`: what is shown of a picture of the bus in so much room, and what keys change of it.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { idsIn, memberTable } = require('../../lib/cli/status/columns');
const { drawn } = require('../../lib/cli/status/drawing');
const { byModule, figuresOf } = require('../../lib/cli/status/figures');
const { p99 } = require('../../lib/cli/status/latency');
const { partsOf } = require('../../lib/cli/status/names');
const { inTurns, withRates } = require('../../lib/cli/status/picture');
const { problemsOf } = require('../../lib/cli/status/problems');
const { pageOf, pressed, screen } = require('../../lib/cli/status/screen');
const { KEYS, selects, sortKey, sorted } = require('../../lib/cli/status/selection');

const traffic = (calls, failed = 0) => ({ calls, casts: 0, messages: 0, bytes: 1500 * calls, failed });

/** What a member tells of itself. */
const member = (module, pid, more = {}) => ({
  member: `vm-${module}-${pid}-0123456789ab`, module, host: 'vm', pid: String(pid), address: `127.0.0.1:${pid}`, ids: [`${module}-${pid}`], subscriptions: [], answered: true, registry: true,
  pendingCalls: 0, waitingForServer: 0, unroutable: 0, dropped: 0, reconnects: 0, sent: traffic(pid), received: traffic(0), p99Ms: null, links: [], ...more,
});
const silent = (module, pid) => ({ member: `vm-${module}-${pid}-0123456789ab`, module, host: 'vm', pid: String(pid), address: 'h:1', ids: ['x'], subscriptions: [], answered: false, why: 'no reply' });
const pictureOf = (members) => ({ registry: '127.0.0.1:5680', cluster: 'owt', connected: true, epoch: 'e', revision: 7, members });
const crowd = (count) => Array.from({ length: count }, (_, n) => member(['portal', 'webrtc_agent.workingNode', 'conference_agent'][n % 3], 1000 + n));
const how = (more) => ({ named: 'the default', width: Infinity, sort: 'module', details: false, isWanted: () => true, ...more });
const view = (more) => ({ shows: 'members', top: 0, sort: 'module', ...more });

test('no line of a screen is wider than it, and there are as many as it has rows', () => {
  for (const [count, columns, rows] of [[0, 80, 24], [1, 80, 24], [40, 80, 24], [305, 80, 24], [305, 200, 50], [305, 40, 6], [3, 60, 4]]) {
    const now = pictureOf([...crowd(count), silent('portal', 1)]);
    for (const shows of ['members', 'modules', 'problems']) {
      const { lines } = screen(now, view({ shows }), { columns, rows }, how());
      assert.equal(lines.length, rows, `${count} ${columns} ${rows} ${shows}`);
      for (const line of lines) assert.ok(line.length <= columns, line);
    }
  }
});

test('a screen begins at the row that it was scrolled to, never behind the last page', () => {
  const now = pictureOf(crowd(30));
  const size = { columns: 100, rows: 14 };
  const rows = (top) => screen(now, view({ top }), size, how()).lines.slice(3, -1).map((line) => line.match(/ (\d+) /)[1]);
  assert.equal(rows(0).length, pageOf(size));
  assert.deepEqual(rows(3), [...rows(0).slice(3), ...rows(10).slice(0, 3)]);
  assert.deepEqual(rows(1000), rows(20));
  assert.match(screen(now, view({ top: 1000 }), size, how()).lines[13], /^21-30 of 30 /);
});

test('keys scroll, sort and choose what is shown, and q ends', () => {
  for (const [key, from, to] of [
    ['down', {}, { top: 1 }], ['down', { top: 20 }, { top: 20 }], ['up', {}, { top: 0 }], ['up', { top: 5 }, { top: 4 }],
    ['pagedown', { top: 5 }, { top: 15 }], ['space', { top: 15 }, { top: 20 }], ['pageup', { top: 5 }, { top: 0 }],
    ['end', {}, { top: 20 }], ['home', { top: 9 }, { top: 0 }],
    ['s', { top: 9 }, { top: 0, sort: 'calls' }], ['s', { sort: KEYS[KEYS.length - 1] }, { sort: 'module' }],
    ['m', { top: 9 }, { top: 0, shows: 'modules' }], ['m', { shows: 'problems' }, { shows: 'members' }],
    ['x', { top: 3 }, { top: 3 }], [undefined, { top: 3 }, { top: 3 }],
  ]) assert.deepEqual(pressed(key, view(from), 30, 10), view({ ...from, ...to }), String(key));
  assert.equal(pressed('q', view(), 30, 10), null);
  assert.equal(pressed('end', view(), 3, 10).top, 0, 'all of it is there');
});

test('a table of 80 columns has who, what passes, what fails and the ids; a wide one all', () => {
  const rows = [member('portal', 4321, { sent: traffic(1200, 3), p99Ms: 20, ids: ['portal-a@10.0.0.1', 'portal-b@10.0.0.1'] })].map(figuresOf);
  assert.deepEqual(memberTable(rows, 80), [
    'module   pid  calls in   out  errors  failed  p99 ms  pending  lost  serves',
    'portal  4321         0  1200       0       3      20        0     0  portal-… +1',
  ]);
  // With the names that OWT's modules have, too.
  const [narrow, ...lines] = memberTable([member('conference_agent.workingNode', 1234567, { ids: ['conference-8a7b6c5d@10.0.0.1'] }), member('conference_agent', 12345)].map(figuresOf), 80);
  assert.match(narrow, /^module +pid +calls in +out +errors +failed +p99 ms +serves$/);
  assert.deepEqual(lines.map((line) => line.slice(0, 16)), ['conferen…ingNode', 'conference_agent']);
  assert.deepEqual(lines.map((line) => line.split(/ +/)[3]), ['1235k', '12345']);
  const [head] = memberTable(rows, Infinity);
  assert.equal(head, 'module   pid  host  address         calls in   out  errors  failed  p99 ms  casts in  out  topics in  out  kB in   out  pending  waiting  queued  lost  again  serves');
});

test('ids are cut to the room that there is, with how many more there are', () => {
  for (const [ids, room, shown] of [
    [[], 20, ''], [['a', 'b'], 20, 'a, b'], [['aaaa', 'bbbb', 'cccc'], 12, 'aaaa +2'], [['aaaa', 'bbbb', 'cccc'], 13, 'aaaa, bbbb +1'],
    [['a-long-name'], 6, 'a-lon…'], [['a-long-name', 'b'], 8, 'a-lo… +1'], [['a\x1b[2J'], 20, 'a?[2J'],
  ]) assert.equal(idsIn(ids, room), shown);
  assert.equal(idsIn(Array.from({ length: 10_000 }, (_, n) => `id-${n}`), 20), 'id-0, id-1 +9998');
});

test('it is one line for each member, what is wrong below, and sums by module', () => {
  const lines = drawn(pictureOf([member('portal', 2), member('portal', 1), silent('agent', 3), member('agent', 4, { registry: false })]), how());
  assert.equal(lines[0], 'registry 127.0.0.1:5680 (the default)  epoch e, revision 7  cluster owt  4 members');
  assert.deepEqual(lines.slice(4, 8).map((line) => line.split(/ +/).slice(0, 2)), [['agent', '3'], ['agent', '4'], ['portal', '1'], ['portal', '2']]);
  assert.deepEqual(lines.slice(8, 12), ['', 'vm-agent-3-0123456789ab does not answer: no reply', 'vm-agent-4-0123456789ab has no session with the registry', '']);
  assert.deepEqual(lines.slice(14).map((line) => line.split(/ +/).slice(0, 5)), [['agent', '2', '1', '0', '4'], ['portal', '2', '0', '0', '3']]);
  assert.deepEqual(drawn(pictureOf([]), how()).slice(-1), ['Nobody is on the bus.']);
  assert.deepEqual(drawn(pictureOf(crowd(3)), how({ isWanted: () => false })).slice(-1), ['No member is as --id and --module say.']);
});

test('with details it is also the ids, what is listened to, and the links', () => {
  const one = member('portal', 1, { ids: ['a', 'b'], subscriptions: [{ exchange: 'e', pattern: '#' }], links: [{ to: 'x', link: 'up', queuedFrames: 0, queuedBytes: 0 }, { to: 'y', link: 'pause', queuedFrames: 2, queuedBytes: 9 }] });
  const lines = drawn(pictureOf([one]), how({ details: true }));
  assert.deepEqual(lines.slice(5), [
    '  vm-portal-1-0123456789ab at 127.0.0.1:1', '  serves a, b', '  listens to e #', '  links: 1 up, 0 not needed, 1 not made',
    '', 'vm-portal-1-0123456789ab: the link to y: pause, 2 frames (9 bytes) wait',
  ]);
  const stuck = Array.from({ length: 300 }, (_, n) => ({ to: `m${n}`, link: 'dialing', queuedFrames: 0, queuedBytes: 0 }));
  assert.equal(problemsOf(member('portal', 1, { links: stuck })).length, 4);
});

test('members are sorted by what is most, and those that do not tell come last', () => {
  const rows = [member('b', 1), member('a', 3), member('a', 2, { sent: traffic(9, 5), p99Ms: Infinity }), silent('a', 9)].map(figuresOf);
  const pids = (key) => sorted(rows, key).map(({ pid }) => pid);
  assert.deepEqual([pids('module'), pids('calls'), pids('errors'), pids('p99')], [['2', '3', '9', '1'], ['2', '3', '1', '9'], ['2', '3', '1', '9'], ['2', '3', '9', '1']]);
  assert.equal(sortKey(undefined), 'module');
  assert.throws(() => sortKey('colour'), /--sort must be one of module, calls/);
});

test('members are chosen by id and module, in which * is any characters', () => {
  const members = [member('portal', 1), member('conference_agent', 2), member('conference_agent.workingNode', 3)];
  const chosen = (wanted) => members.filter(selects(wanted)).length;
  for (const [wanted, count] of [
    [{}, 3], [{ module: 'portal' }, 1], [{ module: 'conference_agent' }, 1], [{ module: 'conference*' }, 2], [{ id: 'portal-1' }, 1], [{ id: '*-?' }, 0],
    [{ id: '*agent-*', module: '*' }, 1], [{ id: 'portal-1', module: 'x' }, 0], [{ module: 'conference.agent' }, 0],
  ]) assert.equal(chosen(wanted), count, JSON.stringify(wanted));
});

test('of a module figures are the sum of its members\', and its latency is the highest', () => {
  const [sum] = byModule([member('a', 10, { p99Ms: 5 }), member('a', 20, { p99Ms: 50, ids: ['y'] }), silent('a', 1)].map(figuresOf));
  assert.deepEqual([sum.members, sum.silent, sum.callsOut, sum.p99, sum.ids], [3, 1, 30, 50, ['a-10', 'y', 'x']]);
});

test('a member\'s name tells its host, module and process', () => {
  for (const [name, here, parts] of [
    ['vm-portal-12-0123456789ab', 'vm', ['vm', 'portal', '12']],
    ['vm-12-0123456789ab', 'vm', ['vm', '', '12']],
    ['ip-10-0-0-1-my-app-12-0123456789ab', 'ip-10-0-0-1', ['ip-10-0-0-1', 'my-app', '12']],
    ['ip-10-0-0-1-webrtc_agent.workingNode-12-0123456789ab', 'other', ['ip-10-0-0-1', 'webrtc_agent.workingNode', '12']],
    ['guest', 'vm', ['', 'guest', '']],
  ]) {
    const { host, module, pid } = partsOf(name, here);
    assert.deepEqual([host, module, pid], parts, name);
  }
});

test('p99 is the step that 99 of 100 calls are within, of those since the look before', () => {
  const of = (...calls) => ({ upToMs: [1, 10, 100], calls });
  assert.equal(p99(undefined), null);
  assert.equal(p99(of(0, 0, 0, 0)), null);
  assert.equal(p99(of(99, 1, 0, 0)), 1);
  assert.equal(p99(of(98, 2, 0, 0)), 10);
  assert.equal(p99(of(98, 0, 0, 2)), Infinity);
  assert.equal(p99(of(98, 3, 0, 2), of(98, 0, 0, 2)), 10);
});

test('rates are of a second, and nothing where a member was not there or does not tell', () => {
  const at = (ms, calls, more) => pictureOf([member('a', 1, { at: ms, sent: traffic(calls), ...more })]);
  const { perSecond } = withRates(at(2000, 30), at(0, 10)).members[0];
  assert.deepEqual([perSecond.sent.calls, perSecond.received.calls], [10, 0]);
  assert.equal(withRates(at(2000, 30), pictureOf([])).members[0].perSecond, null);
  // One of a release that counts no failures.
  const { sent } = member('a', 1);
  delete sent.failed;
  const [older] = withRates(at(2000, 30, { sent }), at(0, 10, { sent })).members.map(figuresOf);
  assert.deepEqual([older.failedOut, older.callsOut], [null, 0]);
});

test('members are asked so many at the same time, each once', async () => {
  let [now, most] = [0, 0];
  const asked = await inTurns(Array.from({ length: 50 }, (_, n) => n), 8, async (n) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setImmediate(resolve));
    now--;
    return 2 * n;
  });
  assert.equal(most, 8);
  assert.deepEqual(asked, Array.from({ length: 50 }, (_, n) => 2 * n));
});
