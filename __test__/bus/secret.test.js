'use strict';

// The cluster's secret: who has it gets in, who has not does not, and nobody sees it.

const assert = require('node:assert').strict;
const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { inspect } = require('node:util');
const { BusError, connectBus, setLogger, startRegistry } = require('../..');
const { busOptions } = require('../../lib/bus/config');
const { clusterSecret, operatorSecret } = require('../../lib/bus/secret');
const { nativeSecret, operatorKeys } = require('../../lib/bus/secret-keys');
const { updateStore } = require('../../lib/credentials/store');
const amqpClient = require('../../lib/dropin/amqpClient');
const { connected, freePort } = require('../support/bus');
const { hello, join, joined, link, session } = require('../support/bus/raw-member');

const OURS = 'the cluster\'s own secret';
const ANOTHERS = 'a secret of another cluster';

/** Members at one registry, with what each has for a secret; and all that the log says. */
async function place(t) {
  const port = await freePort();
  const lines = [];
  setLogger({ warn: (text) => lines.push(text), info: (text) => lines.push(text) }, 'info');
  const buses = [];
  t.after(async () => {
    await Promise.all(buses.map((bus) => bus.close({ graceMs: 0 })));
    setLogger(null);
  });
  const come = async (options) => {
    const bus = await connectBus({ registry: `127.0.0.1:${port}`, ...options });
    buses.push(bus);
    return bus;
  };
  return { port, lines, come };
}

async function refused(coming, text) {
  const error = await coming.then(() => assert.fail('it came in'), (error) => error);
  assert.ok(error instanceof BusError, inspect(error));
  assert.equal(error.code, 'REFUSED');
  assert.match(error.message, text);
  return error;
}

const inspected = (...all) => all.map((one) => inspect(one, { depth: 9, showHidden: true })).join('\n');

test('members that have the secret come in, whether or not it is being replaced, and call each other', async (t) => {
  const { come } = await place(t);
  const secrets = ['old', ['new', 'old'], ['new', 'old'], 'new'];
  const [old, ...later] = [await come({ secret: secrets[0] })];
  await old.serve('old', { ping: () => 'old' });
  const both = await come({ secret: secrets[1] });
  assert.equal(await both.call('old', 'ping'), 'old');
  await old.close();
  const third = await come({ secret: secrets[2] });
  await third.serve('third', { ping: () => 'third' });
  later.push(await come({ secret: secrets[3] }));
  assert.equal(await later[0].call('third', 'ping'), 'third');
});

for (const [name, options, text] of [
  ['without a secret', { secretMode: 'off' }, /the other side asks for the cluster's secret, which this side does not prove: set it here/],
  ['with its secret off', { secret: OURS, secretMode: 'off' }, /which this side does not prove/],
  ['for which none is set', {}, /the secret of this side is not the other side's: .*Two installations need a registry each: OWT_GRPC_REGISTRY\. This side's secret is the one that processes of this user share/],
  ['with another secret', { secret: ANOTHERS }, /the secret of this side is not the other side's/],
  ['with the secret of a cluster of another name', { secret: OURS, cluster: 'other' }, /belongs to the cluster/],
]) {
  test(`a member ${name} is refused where it is required, is told why, and nothing shows a secret`, async (t) => {
    const { come, lines } = await place(t);
    const bus = await come({ secret: OURS });
    await bus.serve('x', { ping: () => 'pong' });
    const error = await refused(come(options), text);
    assert.equal(lines.filter((line) => /registry: the member .* is not let in/.test(line)).length, options.cluster ? 0 : 1, lines.join('\n'));
    const settings = [OURS, ANOTHERS].map((secret) => busOptions('owner', { secret: [secret, 'former'] }));
    const shown = [inspected(error, error.stack, bus, { ...bus.connection, bridge: null }, settings), JSON.stringify([settings, await bus.status(), lines])].join('\n');
    for (const secret of [OURS, ANOTHERS]) assert.ok(!shown.includes(secret));
  });
}

test('a member that requires the secret does not take who has none for its registry', async (t) => {
  const { port, come } = await place(t);
  const impostor = await startRegistry({ listen: `127.0.0.1:${port}`, secretMode: 'off' });
  t.after(() => impostor.stop());
  await refused(come({ secret: OURS }), /who is at the registry's place is not trusted: it does not prove the cluster's secret/);
  const client = amqpClient();
  await assert.rejects(connected(client, { host: '127.0.0.1', port, secret: OURS }), /is not trusted/);
});

test('a registry that stands alone asks for the secret and proves it', async (t) => {
  const { port, come } = await place(t);
  const registry = await startRegistry({ listen: `127.0.0.1:${port}`, secret: OURS });
  t.after(() => registry.stop());
  await come({ secret: OURS });
  await refused(come({ secretMode: 'off' }), /the other side asks for the cluster's secret/);
});

test('as long as a secret is accepted, those who do not have it are let in, and named once', async (t) => {
  const { come, lines } = await place(t);
  const bus = await come({ secret: OURS, secretMode: 'accepted' });
  await bus.serve('x', { ping: () => 'pong' });
  for (const options of [{ secretMode: 'off' }, { secret: ANOTHERS, secretMode: 'accepted' }]) {
    const other = await come(options);
    assert.equal(await other.call('x', 'ping'), 'pong');
    const { member } = await other.status();
    const of = (text) => lines.filter((line) => line.includes(`the member ${member} ${text}`)).length;
    assert.deepEqual([of('will not be let in once the secret is required'), of('will not be trusted once the secret is required')], [1, 1], lines.join('\n'));
  }
});

test('whoever speaks the protocol and cannot prove the secret gets neither session nor link', async (t) => {
  const { port, come } = await place(t);
  const bus = await come({ secret: OURS, secretMode: 'accepted' });
  await joined(t, port);
  await bus.close();
  const strict = await come({ secret: OURS });
  await strict.serve('x', { ping: () => 'pong' });
  const { address, member } = await strict.status();
  const nonce = randomBytes(16);
  const proof = { proofs: [randomBytes(32), Buffer.alloc(0), randomBytes(1000)] };
  const reasons = [];
  for (const frames of [[hello()], [hello({ nonce }), { proof }], [hello({ nonce }), { proof: {} }]]) {
    const { got, ended } = link(t, { address, member }, frames);
    await ended;
    reasons.push(got.flatMap((packet) => packet.frames).map(({ kind, refusal }) => refusal?.reason ?? kind));
  }
  for (const messages of [[join()], [join({ nonce }), { proof }]]) {
    const { got, ended } = session(t, port, messages);
    await ended;
    reasons.push(got.map(({ kind, refusal }) => refusal?.reason ?? kind));
  }
  assert.deepEqual(reasons, [['SECRET'], ['challenge', 'SECRET'], ['challenge', 'SECRET'], ['SECRET'], ['challenge', 'SECRET']]);
});

test('others are told the hash of a member\'s token, by which nobody takes its name', async (t) => {
  const { port, come } = await place(t);
  const [victim, friend] = [await come({ secretMode: 'off' }), await come({ secretMode: 'off' })];
  const { address, member } = await victim.status();
  const guest = await joined(t, port);
  const told = guest.got.flatMap(({ changes }) => changes?.records ?? []);
  const others = told.filter((record) => record.member !== 'guest');
  assert.ok(others.length === 2 && others.every(({ token }) => /^sha256:[0-9a-f]{64}$/.test(token)), inspect(told));
  const { member: name } = await friend.status();
  const { token } = told.find((record) => record.member === name);
  const over = [link(t, { address, member }, [hello({ member: name, token, shown: token })]), session(t, port, [join({ shown: token }, { member: name, token })])];
  await Promise.all(over.map(({ ended }) => ended));
  const [ofLink, ofSession] = over.map(({ got }) => got[0]);
  assert.deepEqual([ofLink.frames[0].refusal.reason, ofSession.refusal.reason], ['NAME_TAKEN', 'NAME_TAKEN']);
});

test('a member that is closed while its key is derived is gone, and one that waits says why', async (t) => {
  const { port } = await place(t);
  await assert.rejects(connectBus({ registry: `127.0.0.1:${port}`, secret: `${OURS} ${randomBytes(4).toString('hex')}`, timeout: 1 }), { code: 'TIMEOUT' });
});

const VARIABLES = ['OWT_GRPC_CLUSTER_SECRET', 'OWT_GRPC_CLUSTER_SECRET_FILE', 'OWT_GRPC_CLUSTER_SECRET_OLD', 'OWT_GRPC_SECRET_MODE', 'OWT_GRPC_OPERATOR_SECRET', 'OWT_GRPC_OPERATOR_SECRET_FILE', 'OWT_GRPC_OPERATOR_SECRET_OLD'];

/** A folder to start in; where this process was and what its environment had is put back. */
function elsewhere(t) {
  const home = process.cwd();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-'));
  t.after(() => {
    process.chdir(home);
    for (const name of VARIABLES) delete process.env[name];
    fs.rmSync(folder, { recursive: true });
  });
  return folder;
}

const found = (options = {}) => {
  const secret = clusterSecret('owner', options);
  return secret && [secret.texts.reveal(), secret.mode];
};

test('the secret is the option, or the environment, or RabbitMQ\'s password in the store, and is required by itself', async (t) => {
  const folder = elsewhere(t);
  const file = path.join(folder, 'secret');
  fs.writeFileSync(file, 'of the file\r\n');
  assert.equal(found(), null);
  process.chdir(folder);
  await updateStore('.owt.authstore', { rabbit: { username: 'u', password: 'of the store' } });
  assert.deepEqual(found(), [['of the store'], 'required']);
  process.env.OWT_GRPC_SECRET_MODE = 'accepted';
  assert.deepEqual(found(), [['of the store'], 'accepted']);
  delete process.env.OWT_GRPC_SECRET_MODE;
  process.env.OWT_GRPC_CLUSTER_SECRET_FILE = file;
  assert.deepEqual(found(), [['of the file'], 'required']);
  process.env.OWT_GRPC_CLUSTER_SECRET = 'a,b';
  process.env.OWT_GRPC_CLUSTER_SECRET_OLD = 'c';
  assert.deepEqual(found(), [['a,b', 'c'], 'required']);
  assert.deepEqual(found({ secret: ['of the option', 'former'] }), [['of the option', 'former'], 'required']);
  assert.deepEqual(found({ secret: 'x', secretMode: 'accepted' }), [['x'], 'accepted']);
  process.env.OWT_GRPC_SECRET_MODE = 'off';
  assert.equal(found({ secret: 'x', secretMode: 'required' }), null);
});

test('the key of a secret is derived once for a cluster, and is the same in every release', async () => {
  const secret = clusterSecret('owner', { secret: ['a secret', 'former'] });
  const [first, again, other] = await Promise.all(['owt', 'owt', 'other'].map((name) => nativeSecret(secret, name)));
  assert.equal(first.keys[0].toString('hex'), 'e4777cdba75085bfeca375fe6f1b0ef76e78a15ebe0b6df735423c73f02f9b83');
  assert.ok(first.keys[0] === again.keys[0] && first.keys[1] === again.keys[1]);
  assert.equal(new Set([...first.keys, ...other.keys].map((key) => key.toString('hex'))).size, 4);
});

test('the operator\'s secret is found as the cluster\'s is, without a store and a mode, and its keys are others', async (t) => {
  const folder = elsewhere(t);
  process.chdir(folder);
  await updateStore('.owt.authstore', { rabbit: { username: 'u', password: 'of the store' } });
  const operator = (given) => operatorSecret('owner', given)?.texts.reveal() ?? null;
  assert.equal(operator(), null);
  fs.writeFileSync('secret', 'of the file\r\n');
  process.env.OWT_GRPC_OPERATOR_SECRET_FILE = 'secret';
  process.env.OWT_GRPC_SECRET_MODE = 'off';
  assert.deepEqual(operator(), ['of the file']);
  process.env.OWT_GRPC_OPERATOR_SECRET = 'a';
  process.env.OWT_GRPC_OPERATOR_SECRET_OLD = 'b';
  assert.deepEqual(operator(), ['a', 'b']);
  assert.deepEqual(operator(['a secret', 'former']), ['a secret', 'former']);
  for (const given of ['', 5, ['a', 'b', 'c']]) assert.throws(() => operator(given), /owner: option operatorSecret must be a text/);
  delete process.env.OWT_GRPC_SECRET_MODE;
  const [of, ofCluster] = [operatorSecret('owner', 'a secret'), clusterSecret('owner', { secret: 'a secret' })];
  const [[key], { keys }] = await Promise.all([operatorKeys(of, 'owt'), nativeSecret(ofCluster, 'owt')]);
  assert.equal(key.toString('hex'), '35c2c3d13e482d51e5cfbea42d4248225c73a8314747e84326f3bb5b95ccad14');
  assert.notDeepEqual(key, keys[0]);
});

test('a secret that cannot be one is refused by the name of its setting, and not shown', (t) => {
  const folder = elsewhere(t);
  for (const secret of ['', [], ['a', 'b', 'c'], 5, ['a', ''], { secret: 'hidden' }]) {
    assert.throws(() => found({ secret }), (error) => error instanceof TypeError && /owner: option secret must be/.test(error.message) && !/hidden/.test(error.message));
  }
  assert.throws(() => found({ secretMode: 'on' }), /option secretMode must be one of off, accepted, required, not "on"/);
  process.env.OWT_GRPC_SECRET_MODE = 'x';
  assert.throws(() => found(), /OWT_GRPC_SECRET_MODE must be one of/);
  delete process.env.OWT_GRPC_SECRET_MODE;
  process.env.OWT_GRPC_CLUSTER_SECRET_FILE = path.join(folder, 'nowhere');
  assert.throws(() => found(), /OWT_GRPC_CLUSTER_SECRET_FILE names .*nowhere, which cannot be read \(ENOENT\)/);
  fs.writeFileSync(path.join(folder, 'nowhere'), '\n');
  assert.throws(() => found(), /which is empty/);
});

test('a store that cannot be read is said, and there is no secret', (t) => {
  const folder = elsewhere(t);
  const lines = [];
  setLogger({ warn: (text) => lines.push(text) });
  fs.writeFileSync(path.join(folder, '.owt.authstore'), 'whatever');
  process.chdir(folder);
  assert.equal(found(), null);
  setLogger(null);
  assert.match(lines[0], /the cluster's secret is not taken from the credential store: .*is not a credential store/);
});
