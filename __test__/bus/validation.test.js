'use strict';

// Peers that do not keep to the protocol, written with grpc-js: each is told
// what was wrong, and nobody else notices.

const assert = require('node:assert').strict;
const { once } = require('node:events');
const net = require('node:net');
const { test } = require('node:test');
const grpc = require('@grpc/grpc-js');
const { connectBus } = require('../..');
const amqpClient = require('../../lib/dropin/amqpClient');
const { eventually } = require('../support/bus');
const { hello, join, link, servesRegistry, session, victim } = require('../support/bus/raw-member');

for (const [name, changes, reason, text, logged] of [
  ['another version', { version: 99 }, 'VERSION', /this side speaks version 99 of the bus protocol, the other side versions 1 to 2: update owt-grpc on the other side$/, /this side speaks versions 1 to 2 of the bus protocol, the other side version 99:/],
  ['another cluster', { cluster: 'other' }, 'CLUSTER', /this side belongs to the cluster "other", the other side to "owt":/, /this side belongs to the cluster "owt", the other side to "other":/],
  ['a name that the registry does not know', {}, 'UNKNOWN_MEMBER', /has not told of that member/],
]) {
  test(`a link of ${name} is refused with the reason, which each side reads as its own`, async (t) => {
    const { address, member, isWell, warnings } = await victim(t);
    const { got, ended } = link(t, { address, member }, [hello({ member: 'intruder', ...changes })]);
    await ended;
    const { refusal } = got[0].frames[0];
    assert.equal(refusal.reason, reason);
    assert.match(refusal.text, text);
    if (logged) await eventually(() => warnings.some((text) => logged.test(text)), 'the warning');
    await isWell();
  });
}

test("a link under another member's name is refused, and the log says so", async (t) => {
  const { address, member, isWell, warnings, port } = await victim(t);
  const guest = session(t, port, [join()]);
  await eventually(() => guest.got.some(({ done }) => done), 'the guest has joined');
  for (const name of [member, 'guest']) {
    const { got, ended } = link(t, { address, member }, [hello({ member: name, token: 'guessed' })]);
    await ended;
    assert.equal(got[0].frames[0].refusal.reason, 'NAME_TAKEN');
  }
  await eventually(() => warnings.some((text) => /a link of guest was refused: another member has that name/.test(text)), 'the warning');
  await isWell();
});

for (const [name, frames, text] of [
  ['nothing but a call', [{ call: { number: 1, to: 'x', method: 'ping', body: Buffer.from('[]') } }], /no Hello/],
  ['a piece of nothing', [hello({ member: 'guest', token: 'secret' }), { requestPiece: Buffer.alloc(10) }], /a piece of nothing/],
  ['a body over the limit', [hello({ member: 'guest', token: 'secret' }), { cast: { to: 'x', method: 'ping', left: 0xffffffff } }], /a message of 4294967295 bytes, the limit being 16777216/],
]) {
  test(`a peer that sends ${name} loses its link`, async (t) => {
    const { address, member, isWell, warnings, port } = await victim(t);
    const guest = session(t, port, [join()]);
    await eventually(() => guest.got.some(({ done }) => done), 'the guest has joined');
    await link(t, { address, member }, frames).ended;
    await eventually(() => warnings.some((one) => text.test(one)), `a warning like ${text}`);
    await isWell();
  });
}

test('arguments that are no JSON, or no list, fail their call alone', async (t) => {
  const { address, member, isWell, port } = await victim(t);
  const guest = session(t, port, [join()]);
  await eventually(() => guest.got.some(({ done }) => done), 'the guest has joined');
  const bodies = ['{', '', '{"a":1}', 'null', '\xff\xfe'];
  const calls = bodies.map((body, n) => ({ call: { number: n + 1, to: 'x', method: 'ping', body: Buffer.from(body, 'latin1') } }));
  const { got } = link(t, { address, member }, [hello({ member: 'guest', token: 'secret' }), ...calls]);
  const replies = () => got.flatMap(({ frames }) => frames).filter(({ reply }) => reply).map(({ reply }) => reply);
  await eventually(() => replies().length === bodies.length, 'all are answered');
  for (const { failed, body } of replies()) {
    assert.equal(failed, true);
    assert.match(String(body), /"data":"error","err":"(.*JSON.*|the arguments are no array)"/);
  }
  await isWell();
});

test('bytes that are no packet close the link', async (t) => {
  const { address, isWell, warnings } = await victim(t);
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  t.after(() => client.close());
  const same = (bytes) => bytes;
  const stream = client.makeBidiStreamRequest('/owt.bus.v1.Link/Open', same, same);
  stream.on('error', () => {}).resume();
  stream.write(Buffer.from('no packet at all'));
  await eventually(() => warnings.some((text) => /does not keep to the bus protocol/.test(text)), 'the warning');
  stream.cancel();
  await isWell();
});

for (const [name, messages, text] of [
  ['another version', [join({ version: 99 })], /this side speaks version 99 of the bus protocol, the other side versions 1 to 2: update owt-grpc on the other side$/],
  ['another cluster', [join({ cluster: 'prod' })], /this side belongs to the cluster "prod", the other side to "owt":/],
  ['no name', [join({}, { member: '' })], /a Join without a member is not expected here/],
  ['an announcement first', [{ announce: { request: 1, delta: { member: 'm' } } }], /an Announce is not expected here/],
  ["another's record", [join(), { announce: { request: 2, delta: { member: 'other' } } }], /an Announce is not expected here/],
]) {
  test(`the registry refuses a session with ${name}, and says why`, async (t) => {
    const { isWell, port } = await victim(t);
    const { got, ended } = session(t, port, messages);
    await ended;
    assert.match(got.find(({ refusal }) => refusal).refusal.text, text);
    await isWell();
  });
}

test("the registry refuses another member's name", async (t) => {
  const { isWell, port, member } = await victim(t);
  const { got, ended } = session(t, port, [join({}, { member, token: 'guessed' })]);
  await ended;
  assert.equal(got[0].refusal.reason, 'NAME_TAKEN');
  await isWell();
});

test('a bus of another cluster is told so', async (t) => {
  const { port, isWell } = await victim(t);
  await assert.rejects(connectBus({ registry: `127.0.0.1:${port}`, cluster: 'prod' }), {
    code: 'REFUSED',
    message: /this side belongs to the cluster "prod", the other side to "owt": set OWT_GRPC_CLUSTER/,
  });
  await isWell();
});

test('a bus that the registry refuses twice is told so once, in both styles', async (t) => {
  const registry = await servesRegistry(t, (stream) => {
    for (let n = 0; n < 2; n++) stream.write({ refusal: { reason: 'CLUSTER', text: 'not here' } });
  });
  await assert.rejects(connectBus({ registry, host: false }), { code: 'REFUSED', message: 'not here' });
  const [host, port] = registry.split(':');
  const failures = [];
  const owt = amqpClient();
  owt.connect({ host, port: Number(port) }, () => failures.push('joined'), (error) => failures.push(error.message));
  await eventually(() => failures.length > 0, 'it is told');
  await owt.disconnect();
  assert.deepEqual(failures, ['not here']);
});

for (const [name, answer] of [
  ['speaks AMQP', (socket) => socket.end('AMQP\0\0\x09\x01')],
  ['speaks HTTP/1', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
]) {
  test(`a registry's port taken by a program that ${name} is an error that says so`, async (t) => {
    const server = net.createServer((socket) => socket.on('error', () => {}).once('data', () => answer(socket))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    await assert.rejects(connectBus({ registry: `127.0.0.1:${server.address().port}` }), {
      code: 'REFUSED',
      message: /the registry's port 127\.0\.0\.1:\d+ is taken by another program/,
    });
  });
}

test('a gRPC server that is no registry is an error that says so', async (t) => {
  const server = new grpc.Server();
  const port = await new Promise((resolve, reject) => server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))));
  t.after(() => server.forceShutdown());
  await assert.rejects(connectBus({ registry: `127.0.0.1:${port}` }), { code: 'REFUSED', message: /is a gRPC server, but no registry/ });
});
