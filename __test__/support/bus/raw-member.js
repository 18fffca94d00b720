'use strict';

// The protocol of the bus, spoken frame by frame by grpc-js: members and registries
// that do what ours do not.

const assert = require('node:assert').strict;
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');
const { connectBus, setLogger } = require('../../..');
const { eventually, freePort } = require('./index');

const proto = grpc.loadPackageDefinition(
  protoLoader.loadSync(['link.proto', 'registry.proto'], { includeDirs: [path.join(__dirname, '../../../proto/bus')], longs: String, enums: String, oneofs: true })
).owt.bus.v1;

/** Sends messages on a stream; gives those that come and how it ends. */
function talk(t, client, method, messages) {
  const stream = client[method]();
  const got = [];
  stream.on('data', (message) => got.push(message));
  stream.on('error', () => {});
  const ended = new Promise((resolve) => stream.on('status', resolve));
  for (const message of messages) stream.write(message);
  t.after(() => {
    stream.cancel();
    client.close();
  });
  return { stream, got, ended };
}

const OWN_CONNECTION = { 'grpc.use_local_subchannel_pool': 1 };

/** A link to a member of ours, and what is sent on it, a packet for each frame. */
function link(t, { address, member }, frames) {
  const whole = frames.map((frame) => ({ frames: [frame.hello ? { hello: { to: member, ...frame.hello } } : frame] }));
  return talk(t, new proto.Link(address, grpc.credentials.createInsecure(), OWN_CONNECTION), 'open', whole);
}

const session = (t, port, messages) => talk(t, new proto.Registry(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), OWN_CONNECTION), 'session', messages);

const hello = (changes) => ({ hello: { version: 1, cluster: 'owt', member: 'guest', token: 'secret', link: '5', previous: '0', ...changes } });
const record = (changes) => ({ member: 'guest', token: 'secret', address: '127.0.0.1:1', ids: [], subscriptions: [], ...changes });
const join = (changes, own) => ({ join: { version: 1, cluster: 'owt', record: record(own), epoch: '0', revision: '0', request: 1, ...changes } });

/** A session that all know of. */
async function joined(t, port, own) {
  const guest = session(t, port, [join({}, own)]);
  await eventually(() => guest.got.some(({ done }) => done), 'the guest has joined');
  return guest;
}

/** A server of one streaming method: gives its address. */
async function serves(t, service, methods) {
  const server = new grpc.Server();
  server.addService(service, methods);
  t.after(() => server.forceShutdown());
  const credentials = grpc.ServerCredentials.createInsecure();
  const port = await new Promise((resolve, reject) => server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound))));
  return `127.0.0.1:${port}`;
}

/** A member's endpoint: `open` is called with each link. */
const servesLinks = (t, open) => serves(t, proto.Link.service, { open });

/** A registry: `onJoin` is called with each session and its Join. */
function servesRegistry(t, onJoin) {
  const session = (stream) => stream.on('error', () => {}).on('data', ({ join }) => join && onJoin(stream, join));
  return serves(t, proto.Registry.service, { session });
}

/** What lets members and registries in that are not ours. */
const OPEN = { secretMode: /** @type {const} */ ('off') };

/** A bus that serves, and how to see that it still does. Guests get in, who have no secret. */
async function victim(t) {
  const port = await freePort();
  const warnings = [];
  setLogger({ warn: (text) => warnings.push(text) });
  const options = { registry: `127.0.0.1:${port}`, ...OPEN };
  const bus = await connectBus(options);
  const friend = await connectBus(options);
  t.after(async () => {
    setLogger(null);
    await Promise.all([bus.close({ graceMs: 0 }), friend.close({ graceMs: 0 })]);
  });
  await bus.serve('x', { ping: () => 'pong' });
  const { address, member } = await bus.status();
  const isWell = async () => assert.equal(await friend.call('x', 'ping'), 'pong');
  const warned = (pattern) => eventually(() => warnings.some((text) => pattern.test(text)), `a warning like ${pattern}`);
  await isWell();
  return { bus, friend, port, address, member, isWell, warned, warnings };
}

module.exports = { OPEN, hello, join, joined, link, record, servesLinks, servesRegistry, session, talk, victim };
