'use strict';

// Commands on their way to the network thread: each is whole, or is not there.

const assert = require('node:assert').strict;
const { createHash } = require('node:crypto');
const { test } = require('node:test');
const fc = require('fast-check');
const { encode } = require('../../lib/bus/body');
const commands = require('../../lib/crossing/commands');
const { Outbox } = require('../../lib/crossing/outbox');
const { HEADER } = require('../../lib/crossing/records');
const { seed } = require('../support/grpc/arbitrary');

console.log(`SEED=${seed}`);

/** What a failure shows of a record. */
const shown = (record) => (record.length < 200 ? record.toString('hex') : `${record.length} bytes, ${createHash('sha1').update(record).digest('hex')}`);

/** The records of a batch, read as the network thread does. */
function recordsOf(batch) {
  const count = batch.readUInt32LE(batch.length - 4);
  const end = batch.length - 4 * (count + 1);
  const starts = Array.from({ length: count }, (_, n) => batch.readUInt32LE(end + 4 * n));
  assert.equal(starts[0], 0, 'nothing is before the first record');
  return starts.map((start, n) => {
    const next = starts[n + 1] ?? end;
    assert.equal(batch.readUInt32LE(start), next - start, `record ${n} is as long as it says`);
    return shown(batch.subarray(start, next));
  });
}

/** Everything that writes into an outbox does so by one of these. */
const STEPS = ['start', 'reserve', 'grow', 'u32', 'f64', 'text', 'rest', 'ascii', 'sizedBlock', 'block', 'frame', 'string', 'bytes'];

/** One that throws at a step, before or after it was made. */
class Faulty extends Outbox {
  constructor() {
    const batches = [];
    super((batch, length) => batches.push(Buffer.from(batch.subarray(0, length))));
    this.batches = batches;
    this.steps = 0;
    this.failAt = -1;
  }

  sent() {
    this.flush();
    return this.batches.splice(0).flatMap(recordsOf);
  }

  step() {
    if (this.steps++ === this.failAt) throw new Error('a step failed');
  }
}
for (const step of STEPS) {
  Faulty.prototype[step] = function (...args) {
    this.step();
    const result = Outbox.prototype[step].apply(this, args);
    this.step();
    return result;
  };
}

/** What a message is encoded with: some steps of its own, and one that grows the buffer. */
const codec = {
  encode({ text, bytes }, writer) {
    writer.string(10, text);
    writer.bytes(18, bytes);
  },
};
const message = { text: 'text', bytes: Buffer.alloc(100_000, 1) };
const block = Buffer.from('metadata');
const call = { channel: 1, method: 2, timeout: 3, metadata: block, waitForReady: true, unary: true };
const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const long = encode(['x'.repeat(1000)]);
const status = { code: 5, details: 'gone', metadata: block };

/** Each command of gRPC and of the bus. */
const WRITERS = {
  call: (outbox) => commands.call(outbox, 1, call, codec, message),
  'call of a stream': (outbox) => commands.call(outbox, 1, { ...call, metadata: null }, null),
  message: (outbox) => commands.message(outbox, 1, codec, message),
  reply: (outbox) => commands.reply(outbox, 2, block, codec, message),
  status: (outbox) => commands.status(outbox, 2, status.code, status.details, status.metadata),
  headers: (outbox) => commands.headers(outbox, 2, block),
  credit: (outbox) => commands.credit(outbox, 1, 99),
  end: (outbox) => commands.end(outbox, 1),
  cancel: (outbox) => commands.cancel(outbox, 1),
  busCall: (outbox) => commands.busCall(outbox, 7, 1, 2, trace, 'id', 'method', long, true),
  busCancel: (outbox) => commands.busCancel(outbox, 7, 1),
  busCast: (outbox) => commands.busCast(outbox, 7, trace, 'id', 'method', '[]'),
  busPublish: (outbox) => commands.busPublish(outbox, 7, '', 'exchange', 'key', long),
  busReply: (outbox) => commands.busReply(outbox, 7, 1, 2, 'kind', '{}', true),
  busServe: (outbox) => commands.busServe(outbox, 7, 1, 'id', false),
  busSubscribe: (outbox) => commands.busSubscribe(outbox, 7, 1, 2, 'exchange', ['a.*', 'b.#'], true),
  busStatus: (outbox) => commands.busStatus(outbox, 7, 1),
  busLeave: (outbox) => commands.busLeave(outbox, 7),
};

/** What each writes where nothing fails. */
function whole(write) {
  const outbox = new Faulty();
  write(outbox);
  return outbox.sent();
}

for (const [name, write] of Object.entries(WRITERS)) {
  test(`${name}: wherever writing it throws, nothing of it is sent and its neighbours are`, () => {
    const neighbours = [...whole(WRITERS.credit), ...whole(WRITERS.status)];
    const all = new Faulty();
    write(all);
    for (let failAt = 0; failAt < all.steps; failAt++) {
      const outbox = new Faulty();
      WRITERS.credit(outbox);
      outbox.steps = 0;
      outbox.failAt = failAt;
      assert.throws(() => write(outbox), /a step failed/);
      outbox.failAt = -1;
      WRITERS.status(outbox);
      assert.deepEqual(outbox.sent(), neighbours, `step ${failAt}`);
    }
  });
}

test('any commands, failing anywhere: those that did not fail arrive, in their order', () => {
  const names = Object.keys(WRITERS);
  const attempt = fc.record({ name: fc.constantFrom(...names), failAt: fc.oneof(fc.constant(-1), fc.nat(30)) });
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 150 }), (attempts) => {
      const outbox = new Faulty();
      const expected = [];
      for (const { name, failAt } of attempts) {
        Object.assign(outbox, { steps: 0, failAt });
        try {
          WRITERS[name](outbox);
          expected.push(...whole(WRITERS[name]));
        } catch (error) {
          assert.equal(error.message, 'a step failed');
        }
        outbox.failAt = -1;
      }
      assert.deepEqual(outbox.sent(), expected);
    }),
    { seed, numRuns: 60 }
  );
});

test('numbers and texts that have no room in their places are refused, and nothing else is', () => {
  const { credit, cancel } = { credit: whole(WRITERS.credit), cancel: whole(WRITERS.cancel) };
  const bad = [
    (outbox) => commands.credit(outbox, 1, -1),
    (outbox) => commands.credit(outbox, 1, 2 ** 32),
    (outbox) => commands.cancel(outbox, -1),
    (outbox) => commands.call(outbox, 1, { ...call, timeout: -5 }, null),
    (outbox) => commands.status(outbox, 2, 5, undefined, block),
    (outbox) => commands.status(outbox, 2, 5n, 'gone', block),
    (outbox) => commands.busServe(outbox, 7, 1, 'i'.repeat(70_000), false),
    (outbox) => commands.busReply(outbox, 7, 1, 2, 'ä'.repeat(40_000), '{}', false),
    (outbox) => commands.busLeave(outbox, 2 ** 33),
  ];
  for (const write of bad) {
    const outbox = new Faulty();
    WRITERS.credit(outbox);
    assert.throws(() => write(outbox), (error) => error instanceof TypeError || error instanceof RangeError);
    WRITERS.cancel(outbox);
    assert.deepEqual(outbox.sent(), [...credit, ...cancel], write.toString());
  }
});

test('a message with a getter that sends, and flushes, is sent whole, and so is what it sent', () => {
  const outbox = new Faulty();
  const sending = {
    get text() {
      WRITERS.status(outbox);
      outbox.flush();
      return message.text;
    },
    bytes: message.bytes,
  };
  WRITERS.credit(outbox);
  commands.message(outbox, 1, codec, sending);
  WRITERS.cancel(outbox);
  const expected = ['credit', 'message', 'status', 'cancel'].flatMap((name) => whole(WRITERS[name]));
  assert.deepEqual(outbox.sent(), expected);
});

test('a message with a getter that sends and then throws loses nothing but itself', () => {
  const outbox = new Faulty();
  const failing = {
    get text() {
      WRITERS.status(outbox);
      throw new Error('from the getter');
    },
  };
  assert.throws(() => commands.message(outbox, 1, codec, failing), /from the getter/);
  WRITERS.cancel(outbox);
  assert.deepEqual(outbox.sent(), [...whole(WRITERS.cancel), ...whole(WRITERS.status)]);
});

test('a turn with more commands than a batch has room for is sent in several', () => {
  const outbox = new Faulty();
  for (let id = 1; id < 1000; id += 2) commands.cancel(outbox, id);
  const ids = outbox.sent().map((record) => Buffer.from(record, 'hex').readUInt32LE(HEADER - 4));
  assert.deepEqual(ids, Array.from({ length: 500 }, (_, n) => 1 + 2 * n));
});
