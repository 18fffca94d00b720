'use strict';

// etcd is reached and refuses to write: that is said once for each reason, with
// what to do, and costs neither the session nor what is registered.
// `npm run test:etcd`

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { promisify } = require('node:util');
const { connectBus } = require('../..');
const { eventually } = require('../support/bus');
const { Etcd } = require('../support/etcd');
const { heard } = require('../support/bus/heard');

const pause = promisify(setTimeout);

/** In which it is tried again a few times, at least twice. */
const SEVERAL_ATTEMPTS = 2500;

/**
 * Two members that serve an id each.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} registry
 */
async function pair(t, registry) {
  const buses = await Promise.all([0, 1].map(() => connectBus({ registry })));
  t.after(() => Promise.all(buses.map((bus) => bus.close())));
  for (const [n, bus] of buses.entries()) await bus.serve(`id${n}`, { ping: () => n });
  return buses;
}

/**
 * While etcd refuses, `refused` does not come into effect; it is said once why, and
 * all else goes on. Then etcd is mended.
 *
 * @param {any[]} buses
 * @param {{ warnings: string[], notes: string[] }} log
 * @param {RegExp} why
 * @param {string[]} ids
 * @param {() => Promise<unknown>} mend
 */
async function isRefused([one, two], log, why, ids, mend) {
  log.warnings.length = 0;
  log.notes.length = 0;
  const registered = Promise.all(ids.map((id) => one.serve(id, { ping: () => id })));
  await eventually(() => log.warnings.length > 0, 'it is said that etcd refuses');
  await pause(SEVERAL_ATTEMPTS);
  assert.equal(log.warnings.length, 1, log.warnings.join('\n'));
  assert.match(log.warnings[0], /the registry refuses what this member writes, trying again: /);
  assert.match(log.warnings[0], why);
  for (const bus of [one, two]) assert.equal((await bus.status()).registry.connected, true);
  assert.deepEqual([await one.call('id1', 'ping'), await two.call('id0', 'ping')], [1, 0]);
  await mend();
  await registered;
  for (const id of ids) assert.equal(await two.call(id, 'ping'), id);
}

test('a permission that is revoked is said once each time, and what to grant', { timeout: 60_000 }, async (t) => {
  const etcd = await Etcd.start(1);
  t.after(() => etcd.stop());
  const grant = ['--user', 'root:r', 'role', 'grant-permission', '--prefix=true', 'bus', 'readwrite', '/mine/'];
  for (const command of [
    'user add root:r', 'user grant-role root root', 'role add bus', 'role grant-permission --prefix=true bus readwrite /mine/',
    'user add owt:o', 'user grant-role owt bus', 'auth enable',
  ]) await etcd.control(command.split(' '));
  const log = heard(t);
  const buses = await pair(t, `etcd://owt:o@${etcd.endpoints[0]}/mine`);
  for (const id of ['first', 'second']) {
    await etcd.control(['--user', 'root:r', 'role', 'revoke-permission', '--prefix=true', 'bus', '/mine/']);
    await isRefused(buses, log, /etcd does not let owt read and write keys below \/mine\/: grant that/, [id], () => etcd.control(grant));
    await eventually(() => log.notes.some((text) => /takes what this member writes again/.test(text)), 'it is said that all is well');
    assert.equal(log.warnings.length, 1, log.warnings.join('\n'));
  }
});

test('an etcd that is full is said once, and how it is mended', { timeout: 60_000 }, async (t) => {
  const etcd = await Etcd.start(1, ['--quota-backend-bytes', '1000000']);
  t.after(() => etcd.stop());
  const log = heard(t);
  const registry = etcd.url('/full');
  const buses = await pair(t, registry);
  const large = 'x'.repeat(100_000);
  await assert.rejects(async () => {
    for (;;) await etcd.control(['put', 'large', large]);
  }, /database space exceeded/);
  // Who comes now waits, and says why.
  /** @type {Promise<any>} */
  let late = Promise.resolve();
  await isRefused(buses, log, /compact and defragment it .*etcdctl alarm disarm/, ['id'], async () => {
    log.warnings.length = 0;
    late = connectBus({ registry });
    await eventually(() => log.warnings.length > 0, 'it is said why the third does not come in');
    await pause(SEVERAL_ATTEMPTS);
    assert.match(log.warnings[0], /no registry yet, trying again: etcd's database is full/);
    const { header } = JSON.parse(await etcd.control(['get', 'x', '-w', 'json']));
    await etcd.control(['compaction', String(header.revision)]);
    await etcd.control(['defrag']);
    await etcd.control(['alarm', 'disarm']);
  });
  await (await late).close();
});

test('a record that is larger than etcd takes is said once, and what to raise', { timeout: 60_000 }, async (t) => {
  const etcd = await Etcd.start(1, ['--max-request-bytes', '2000']);
  t.after(() => etcd.stop());
  const log = heard(t);
  const [one, two] = await pair(t, etcd.url('/large'));
  const ids = Array.from({ length: 20 }, (_, n) => `${n}`.padEnd(250, 'x'));
  /** @type {any} */
  let other;
  await isRefused([one, two], log, /larger than etcd takes: raise its --max-request-bytes/, ids, async () => {
    // What is refused of one is taken of another.
    other = await two.serve('other', { ping: () => 'other' });
    assert.equal(await one.call('other', 'ping'), 'other');
    etcd.extra = ['--max-request-bytes', '20000'];
    await etcd.servers[0].kill();
    etcd.startAll();
    await etcd.answers();
  });
  await other.stop();
});
