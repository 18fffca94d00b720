'use strict';

// The native side alone, without the JavaScript above it: what is wrong, late or said
// twice is answered or ignored, and what is beside it goes on.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const commands = require('../../lib/crossing/commands');
const { Outbox } = require('../../lib/crossing/outbox');
const { BusState, Command, Event, HEADER } = require('../../lib/crossing/records');
const { native } = require('../../lib/crossing/addon');
const { freePort } = require('../support/bus');

const CHANNEL = { target: '', proxy: null, proxyCredentials: null, maxReceiveBytes: null, maxSendBytes: null, maxMetadataBytes: null, keepaliveMs: null, keepaliveTimeoutMs: null };
const SERVER = {
  host: '127.0.0.1', port: 0, handed: false, methods: [], maxReceiveBytes: null, maxSendBytes: null, maxMetadataBytes: null, keepaliveMs: null, keepaliveTimeoutMs: null,
  maxConcurrentStreams: null, maxConnections: null, firstCallTimeoutMs: null, maxConnectionIdleMs: null, maxConnectionAgeMs: null, maxConnectionAgeGraceMs: null, maxCallMs: null,
};
const MEMBER = {
  name: 'alone', token: 'token', cluster: 'owt-cluster', seed: 1, registry: '', etcd: null, registryName: null, insecure: false, mayHost: true, linkIdleMs: 1000, advertiseHost: null, ports: null, beside: [],
  maxMessageBytes: 1024, secret: null, operator: null, isCommand: false, protocol: null,
};

/** Where a STATUS has its text: behind its code. */
const detailsOf = ({ body }) => body.utf8Slice(12, 12 + body.readUInt32LE(8));

/** That a member has become something. */
const isState = (bus, state) => ({ op, id, body }) => op === Event.BUS_STATE && id === bus && body.readUInt32LE(0) === state;

/** An environment whose events are kept, and waited for by what they are. */
class Wall {
  constructor(t) {
    this.events = [];
    this.waiting = [];
    this.inbox = Buffer.alloc(64 * 1024);
    this.bridge = new (native().Bridge)(() => this.take());
    this.outbox = new Outbox((batch, length) => this.bridge.send(batch, length));
    this.bridge.logLevel(4);
    // The wake-up holds nothing.
    const hold = setInterval(() => {}, 1000);
    t.after(() => clearInterval(hold));
  }

  take() {
    for (let length = this.bridge.drain(this.inbox); length !== 0; length = this.bridge.drain(this.inbox)) {
      if (length < 0) this.inbox = Buffer.alloc(-length);
      for (let at = 0; at < length; ) {
        const end = at + this.inbox.readUInt32LE(at);
        this.events.push({ op: this.inbox[at + 4], id: this.inbox.readUInt32LE(at + 8), body: Buffer.from(this.inbox.subarray(at + HEADER, end)) });
        at = end;
      }
    }
    for (const look of this.waiting.splice(0)) look();
  }

  /** The first event that `is` one, once it has come; it comes once. */
  async next(is) {
    for (;;) {
      const at = this.events.findIndex(is);
      if (at !== -1) return this.events.splice(at, 1)[0];
      await new Promise((resolve) => this.waiting.push(resolve));
    }
  }

  of(op, id) {
    return this.next((event) => event.op === op && event.id === id);
  }

  /** The text of a log line that has these words. */
  async logged(words) {
    const { body } = await this.next((event) => event.op === Event.LOG && words.test(event.body.utf8Slice(4)));
    return body.utf8Slice(4);
  }

  /** A call that nobody can answer, on a channel or on none. */
  call(id, channel, timeout = 5000) {
    const method = this.bridge.method('/some.Service/Method');
    commands.call(this.outbox, id, { channel, method, timeout, metadata: null, waitForReady: false, unary: true }, { encode() {} }, {});
  }

  /** Everything sent before it has been looked at. */
  async settled() {
    this.call(0xfffffff1, 0);
    await this.of(Event.STATUS, 0xfffffff1);
  }
}

const patience = { timeout: 30_000 };

test('an operation that is not known is refused by number, id and place, and what is beside it is carried out', patience, async (t) => {
  const wall = new Wall(t);
  wall.call(1, 0);
  wall.outbox.record(99, 0, 7, () => {});
  wall.call(3, 0);
  assert.match(await wall.logged(/refused/), /^command 99 for 7, at byte \d+ of its batch, was refused: .+: a bug in owt-grpc$/);
  for (const id of [1, 3]) assert.match(detailsOf(await wall.of(Event.STATUS, id)), /shut down/);
});

test('a record that is short is refused, and who waits for it is told', patience, async (t) => {
  const wall = new Wall(t);
  wall.outbox.record(Command.CALL, 1, 1, (outbox) => outbox.u32(5));
  wall.call(3, 0);
  assert.match(await wall.logged(/refused/), /^command 1 for 1, at byte 0 of its batch, was refused/);
  assert.equal((await wall.of(Event.STATUS, 1)).body.readDoubleLE(0), 13);
  await wall.of(Event.STATUS, 3);
});

test('a batch is no longer than it is, whatever is said of it', patience, async (t) => {
  const wall = new Wall(t);
  wall.bridge.send(Buffer.alloc(0), 0);
  wall.bridge.send(Buffer.alloc(3), 0xffffffff);
  assert.match(await wall.logged(/a batch of commands was refused/), /a bug in owt-grpc$/);
  await wall.settled();
});

test('a channel that was given back is closed: twice is once, and a call on it ends', patience, async (t) => {
  const wall = new Wall(t);
  const channel = wall.bridge.openChannel({ ...CHANNEL, target: `127.0.0.1:${await freePort()}` }, null);
  assert.equal(wall.bridge.channelState(channel), 'idle');
  wall.bridge.closeChannel(channel);
  wall.bridge.closeChannel(channel);
  wall.bridge.closeChannel(12345);
  await wall.settled();
  assert.equal(wall.bridge.channelState(channel), 'closed');
  assert.deepEqual(wall.bridge.counts(channel).connected, 0);
  wall.call(1, channel);
  assert.equal((await wall.of(Event.STATUS, 1)).body.readDoubleLE(0), 14);
});

test('a call that is over, or never was, can be cancelled, credited and ended, and nothing comes of it', patience, async (t) => {
  const wall = new Wall(t);
  wall.call(1, 0);
  await wall.of(Event.STATUS, 1);
  for (const id of [1, 2, 5]) {
    commands.cancel(wall.outbox, id);
    commands.cancel(wall.outbox, id);
    commands.credit(wall.outbox, id, 0xffffffff);
    commands.end(wall.outbox, id);
    commands.status(wall.outbox, id, 0, '', null);
  }
  await wall.settled();
  assert.deepEqual(wall.events.filter(({ op }) => op !== Event.LOG), []);
});

test('a server stops as often as it is told, also one that never was', patience, async (t) => {
  const wall = new Wall(t);
  wall.bridge.listen(1, SERVER, null);
  const { body } = await wall.of(Event.LISTENING, 1);
  assert.ok(body.readUInt32LE(0) > 0 && body.readUInt32LE(4) === 0);
  wall.bridge.stopServer(1, 0);
  await wall.of(Event.STOPPED, 1);
  for (const server of [1, 7]) {
    wall.bridge.stopServer(server, 0);
    await wall.of(Event.STOPPED, server);
  }
  assert.throws(() => wall.bridge.listen(2, { ...SERVER, port: 65_536 }, null), /port 65536 is not from 0 to 65535/);
  assert.throws(() => wall.bridge.handOver(2, -1), /descriptor -1/);
});

test('a member has left for everyone who tells it to leave, also one that never was, and nothing else comes of what is asked of it then', patience, async (t) => {
  const wall = new Wall(t);
  wall.bridge.openBus(1, { ...MEMBER, registry: `127.0.0.1:${await freePort()}` });
  await wall.next(isState(1, BusState.JOINED));
  commands.busLeave(wall.outbox, 1);
  await wall.next(isState(1, BusState.LEFT));
  await wall.settled();
  wall.events.length = 0;
  for (const bus of [1, 9]) {
    commands.busStatus(wall.outbox, bus, 1);
    commands.busCancel(wall.outbox, bus, 1);
    commands.busLeave(wall.outbox, bus);
    await wall.next(isState(bus, BusState.LEFT));
  }
  await wall.settled();
  assert.deepEqual(wall.events.filter(({ op }) => op !== Event.LOG), []);
});

test('what cannot be is thrown by name, and nothing has begun', patience, (t) => {
  const { bridge } = new Wall(t);
  const { Credentials, Rules, readCertificates, isCertificateFor } = native();
  assert.throws(() => bridge.openChannel({ ...CHANNEL, target: 'no such:target:1' }, null), /no such:target:1/);
  assert.throws(() => bridge.method('no path'), /"no path" is not a method path/);
  assert.throws(() => bridge.openBus(1, { ...MEMBER, registry: '' }), /registry/);
  assert.throws(() => bridge.openBus(1, { ...MEMBER, registry: '127.0.0.1:1', secret: { keys: [Buffer.alloc(3)], mode: 'required' } }), /a key has 32 bytes/);
  assert.throws(() => bridge.openChannel({ target: 'localhost:1' }, null));
  const none = { roots: null, rootsName: '', certificate: null, certificateName: '', certificateStem: null, key: null, keyName: '', clientAuth: 'require', strict: null, pair: 'pair' };
  for (const isServer of [true, false]) assert.throws(() => new Credentials(isServer, none), /need\w* the certificates of CAs/);
  assert.throws(() => new Rules('{'), /line 1/);
  assert.deepEqual([readCertificates(Buffer.from('none')), isCertificateFor(Buffer.from('none'), 'a')], [[], false]);
});
