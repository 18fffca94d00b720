'use strict';

// The host of the registry is stopped, not ended: it keeps its port, and the system takes
// connections for it. What waits is waited for together.

const assert = require('node:assert').strict;
const net = require('node:net');
const { describe, test } = require('node:test');
const { connectBus, setLogger, startRegistry } = require('../..');
const { eventually, freePort } = require('../support/bus');
const { Member } = require('../support/bus/member');

const limit = { skip: process.platform === 'win32' && 'stops a process', timeout: 120_000 };

/** Where the registry of a port is while that port is silent, as src/registry/places.rs has it. */
const placesBehind = (port) => [1, 2].map((place) => {
  const far = port + place * 10_000;
  return far < 32_768 ? far : 1024 + ((far - 1024) % (32_768 - 1024));
});

/** Whether anybody takes connections at a port. */
const isTaken = (port) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  });

/** A port that is free, as are those behind it. */
async function freePlaces() {
  for (;;) {
    const port = await freePort();
    if (!(await isBusy(placesBehind(port)))) return port;
  }
}

const isBusy = async (ports) => (await Promise.all(ports.map(isTaken))).includes(true);

/** All are registered at one registry, and know each other. */
async function areTogether(members) {
  const all = await Promise.all(members.map((member) => member.tell('status')));
  const epochs = new Set(all.map(({ registry }) => registry.epoch));
  return epochs.size === 1 && all.every(({ registry, members: others }) => registry.connected && others.length === members.length - 1);
}

/** Three members, of whom the first hosts the registry and the others call each other. */
async function started(t, port, env) {
  const host = await Member.start(t, port, 'host', env);
  const others = [await Member.start(t, port, 'one', env), await Member.start(t, port, 'other', env)];
  await others[0].tell('load', { to: 'other' });
  await others[1].tell('load', { to: 'one' });
  await eventually(() => areTogether([host, ...others]), 'they are together');
  return { host, others };
}

async function answers(caller, to) {
  await caller.tell('load', { to, timeout: 30_000 });
  await eventually(async () => (await caller.tell('loaded', to)).replied > 20, `${to} answers ${caller.id}`);
}

/** The calls of members that were not stopped to such. */
async function noneFailed(caller, to) {
  const { unsettled, repeated, wrong, failures, replied } = await caller.tell('unload', to);
  assert.deepEqual([unsettled, repeated, wrong, failures], [0, 0, 0, []], `${caller.id} to ${to}`);
  assert.ok(replied > 20, `${caller.id} to ${to}: ${replied}`);
}

describe('a host of the registry that is stopped', { concurrency: true }, () => {
  for (const [how, signal] of /** @type {const} */ ([['goes on', 'SIGCONT'], ['is killed', 'SIGKILL']])) {
    test(`keeps nobody from registering, no call fails, and when it ${how} there is one registry again`, limit, async (t) => {
      const port = await freePlaces();
      const { host, others } = await started(t, port);
      const [one, other] = others;
      await one.tell('load', { to: 'host' });
      host.child.kill('SIGSTOP');
      // One that may host it, and one that may not.
      const late = await Promise.all([Member.start(t, port, 'late'), Member.start(t, port, 'guest', { OWT_GRPC_HOST_REGISTRY: '0' })]);
      await eventually(() => areTogether([one, other, ...late]), 'all but the host are together');
      await Promise.all([answers(one, 'late'), answers(other, 'guest')]);
      await answers(late[0], 'guest');
      assert.equal(await isBusy(placesBehind(port)), true);
      host.child.kill(signal);
      const all = [one, other, ...late, ...(signal === 'SIGCONT' ? [host] : [])];
      await eventually(() => areTogether(all), 'all are together');
      await eventually(async () => !(await isBusy(placesBehind(port))), 'the other places are free again');
      assert.equal(await isTaken(port), true);
      if (signal === 'SIGCONT') await answers(late[1], 'host');
      const toHost = await one.tell('unload', 'host');
      assert.deepEqual([toHost.unsettled, toHost.repeated, toHost.wrong], [0, 0, 0]);
      assert.ok(toHost.failures.length > 0);
      await Promise.all([noneFailed(one, 'other'), noneFailed(other, 'one')]);
      await Promise.all([noneFailed(one, 'late'), noneFailed(other, 'guest')]);
      await noneFailed(late[0], 'guest');
    });
  }

  test('is not replaced by whoever does not prove the secret, and is joined again when it goes on', limit, async (t) => {
    const port = await freePlaces();
    const [place] = placesBehind(port);
    const secret = 'a secret of this cluster';
    const { host, others } = await started(t, port, { OWT_GRPC_CLUSTER_SECRET: secret });
    const impostor = await startRegistry({ listen: `127.0.0.1:${place}`, secretMode: 'off' });
    t.after(() => impostor.stop());
    host.child.kill('SIGSTOP');
    await assert.rejects(connectBus({ registry: `127.0.0.1:${port}`, secret }), ({ code, message }) => {
      assert.equal(code, 'REFUSED');
      assert.match(message, /not trusted/);
      return true;
    });
    await eventually(async () => (await others[0].tell('warnings')).some((text) => /the registry: .*proof|proves|prove/.test(text)), 'a member says so');
    assert.equal((await others[0].tell('status')).registry.connected, false);
    host.child.kill('SIGCONT');
    await eventually(() => areTogether([host, ...others]), 'all are together');
    await Promise.all([noneFailed(others[0], 'other'), noneFailed(others[1], 'one')]);
  });

  test('is named in the log of who hosts it meanwhile', limit, async (t) => {
    const said = [];
    setLogger({ warn: (text) => said.push(text), info: (text) => said.push(text) }, 'info');
    t.after(() => setLogger(null));
    const port = await freePlaces();
    const [place] = placesBehind(port);
    const host = await Member.start(t, port, 'host');
    host.child.kill('SIGSTOP');
    const bus = await connectBus({ registry: `127.0.0.1:${port}` });
    t.after(() => bus.close());
    const lines = (text) => said.filter((line) => line.includes(text)).length;
    assert.equal(lines(`127.0.0.1:${port} does not answer, for 2 s now`), 1);
    assert.equal(lines(`this member hosts the registry at 127.0.0.1:${place} for as long as 127.0.0.1:${port} does not answer`), 1);
    host.child.kill('SIGCONT');
    await eventually(() => lines(`127.0.0.1:${port} is not silent any more`) === 1, 'it says that it gives way');
    await eventually(async () => (await bus.status()).members.length === 1, 'it knows the host');
  });
});
