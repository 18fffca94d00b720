'use strict';

// The bus for new code.

const assert = require('node:assert').strict;
const { inspect } = require('node:util');
const { test } = require('node:test');
const { BusError, connectBus, setLogger } = require('../..');
const { eventually, freePort } = require('../support/bus');
const { AbortController, abortedSignal, timeoutSignal } = require('../support/grpc/signals');

/** @param {import('node:test').TestContext} t */
async function buses(t, count) {
  const registry = `127.0.0.1:${await freePort()}`;
  const all = [];
  for (let n = 0; n < count; n++) all.push(await connectBus({ registry }));
  t.after(() => Promise.all(all.map((bus) => bus.close({ graceMs: 0 }))));
  return { all, registry };
}

test('a call returns what the method returns or its promise gives', async (t) => {
  const { all: [a, b] } = await buses(t, 2);
  await a.serve('calculator', { add: (x, y) => x + y, async later() { return { done: true }; }, nothing() {}, word: () => 'error' });
  assert.equal(await b.call('calculator', 'add', [1, 2]), 3);
  assert.deepEqual(await b.call('calculator', 'later'), { done: true });
  assert.equal(await b.call('calculator', 'nothing'), undefined);
  assert.equal(await b.call('calculator', 'word'), 'error');
});

test('errors tell unknown id, unknown method, failing handler, slow peer and lost peer apart', async (t) => {
  const { all: [a, b], registry } = await buses(t, 2);
  const c = await connectBus({ registry });
  await a.serve('x', { boom() { throw new Error('boom'); }, wait: () => new Promise(() => {}) });
  let called = () => {};
  const arrived = new Promise((resolve) => (called = resolve));
  await c.serve('y', { wait: () => new Promise(() => called()) });
  const fails = (promise, code, message) =>
    assert.rejects(promise, (error) => error instanceof BusError && error.code === code && message.test(error.message));
  await fails(b.call('nobody', 'm', [], { timeout: 30 }), 'UNKNOWN_ID', /^nobody\.m: nobody serves nobody \(after \d+ ms\)$/);
  await fails(b.call('x', 'm'), 'HANDLER', /^Not support method$/);
  await fails(b.call('x', 'boom'), 'HANDLER', /^boom$/);
  await fails(b.call('x', 'wait', [], { timeout: 30 }), 'TIMEOUT', /^x\.wait: no reply from .+ at 127\.0\.0\.1:\d+ \(after \d+ ms\)$/);
  const lost = b.call('y', 'wait');
  await arrived;
  await Promise.all([fails(lost, 'PEER_LOST', /^y\.wait: lost /), c.close({ graceMs: 0 })]);
  await fails(b.call('x', 'm', ['x'.repeat(17 << 20)]), 'TOO_LARGE', /178258\d\d bytes of arguments, the limit being 16777216/);
  await assert.rejects(c.call('x', 'm'), { code: 'CLOSED' });
});

test('a call can be given up', async (t) => {
  const { all: [a, b] } = await buses(t, 2);
  await a.serve('x', { wait: () => new Promise(() => {}) });
  const controller = new AbortController();
  const call = b.call('x', 'wait', [], { signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(call, /enough/);
  await assert.rejects(b.call('x', 'wait', [], { signal: abortedSignal() }), { name: 'AbortError' });
  assert.equal((await b.status()).pendingCalls, 0);
});

test('a call waits for the id to appear', async (t) => {
  const { all: [a, b] } = await buses(t, 2);
  const call = b.call('late', 'ping');
  await eventually(async () => (await b.status()).waitingForServer === 1, 'the call waits');
  await a.serve('late', { ping: () => 'pong' });
  assert.equal(await call, 'pong');
});

test('serving ends when it is stopped, and an id is served once per bus', async (t) => {
  const { all: [a, b] } = await buses(t, 2);
  const service = await a.serve('x', { ping: () => 1 });
  await assert.rejects(a.serve('x', {}), { code: 'REFUSED' });
  await service.stop();
  await assert.rejects(b.call('x', 'ping', [], { timeout: 30 }), { code: 'UNKNOWN_ID' });
  await a.serve('x', { ping: () => 2 });
  assert.equal(await b.call('x', 'ping'), 2);
});

test('messages are iterated, and leaving the loop ends the subscription', async (t) => {
  const { all: [a, b] } = await buses(t, 2);
  const messages = a.subscribe('news', ['a.*', 'b.#']);
  await messages.ready;
  for (const key of ['a.1', 'c', 'b', 'b.2.3']) b.publish('news', key, { key });
  const seen = [];
  for await (const { routingKey, data } of messages) {
    seen.push([routingKey, data]);
    if (seen.length === 3) break;
  }
  assert.deepEqual(seen, [['a.1', { key: 'a.1' }], ['b', { key: 'b' }], ['b.2.3', { key: 'b.2.3' }]]);
  assert.deepEqual((await a.status()).subscriptions, []);
  const last = a.subscribe('news', '#');
  await a.close();
  assert.deepEqual(await last.next(), { value: undefined, done: true });
});

test('awaiting a subscription waits until every member knows of it', { timeout: 20_000 }, async (t) => {
  const { all: [a, b] } = await buses(t, 2);
  for (let n = 0; n < 20; n++) {
    const news = await a.subscribe('news', `n${n}`);
    b.publish('news', `n${n}`, n);
    assert.deepEqual((await news.next()).value, { routingKey: `n${n}`, data: n });
    assert.equal(await news, news, 'again, and from a function that gives it');
    await news.return();
  }
  const unread = a.subscribe('news', 'x');
  const [first, second] = await Promise.all([unread, unread]);
  assert.ok(first === unread && second === unread);
});

test('a reader that is slow loses the oldest messages and can see it', async (t) => {
  const { all: [a] } = await buses(t, 1);
  const messages = a.subscribe('news', '#', { maxWaiting: 3 });
  for (let n = 0; n < 10; n++) a.publish('news', 'k', n);
  await eventually(() => messages.dropped === 7, 'seven dropped');
  assert.equal((await messages.next()).value.data, 7);
});

test('status says who I am, whom I know and what waits', async (t) => {
  const { all: [a, b] } = await buses(t, 2);
  await a.serve('x', { ping: () => 1 });
  await b.call('x', 'ping');
  b.cast('nobody', 'm');
  const status = await b.status();
  assert.deepEqual(status.members.map(({ ids, link, queuedFrames }) => ({ ids, link, queuedFrames })), [{ ids: ['x'], link: 'up', queuedFrames: 0 }]);
  assert.equal(status.members[0].member, (await a.status()).member);
  assert.equal(status.unroutable, 1);
  assert.equal(status.registry.connected, true);
});

test('both surfaces are one bus', async (t) => {
  const { all: [a], registry } = await buses(t, 1);
  const client = require('../../lib/dropin/amqpClient')();
  const [host, port] = registry.split(':');
  await new Promise((resolve, reject) => client.connect({ host, port: Number(port) }, resolve, reject));
  t.after(() => client.disconnect());
  await new Promise((resolve) => client.asRpcServer('old', { fail: (reply) => reply('callback', 'error', 'why'), ok: (x, reply) => reply('callback', x) }, resolve));
  assert.equal(await a.call('old', 'ok', [5]), 5);
  await assert.rejects(a.call('old', 'fail'), { code: 'HANDLER', message: 'why' });
});

test('serving that has not come into effect when the bus is closed is an error', async (t) => {
  const bus = await connectBus({ registry: `127.0.0.1:${await freePort()}` });
  t.after(() => bus.close());
  const serving = assert.rejects(bus.serve('late', {}), { code: 'CLOSED', message: /before everybody knew that it serves late/ });
  await Promise.all([serving, bus.close()]);
});

test('wrong arguments are named', async (t) => {
  const { all: [a] } = await buses(t, 1);
  await assert.rejects(a.call('', 'm'), /id must be a text of 1 to 255 bytes, not one of 0/);
  await assert.rejects(a.serve('!x', {}), /^TypeError: bus\.serve: id must not begin with !, and "!x" does: .*members of the bus answer themselves/);
  await assert.rejects(a.call('x', 'm', /** @type {any} */ ('no list')), /args must be an array/);
  await assert.rejects(a.call('x', 'm', [], { timeout: -1 }), /option timeout must be a whole number from 1/);
  await assert.rejects(a.call('x', 'm', [1n]), /BigInt/);
  await assert.rejects(a.serve('x', /** @type {any} */ (null)), /methods must be an object/);
  assert.throws(() => a.publish('x', 'k', undefined), /JSON has a form for/);
  await assert.rejects(connectBus(/** @type {any} */ ({ registri: 'x' })), /option registri is not known/);
  await assert.rejects(connectBus({ maxMessageBytes: 0x1fffffe9 }), /option maxMessageBytes must be a whole number from 1024 to 536870888/);
});

test('each function of the bus looks at all it is given before it begins anything', { timeout: 20_000 }, async (t) => {
  const { all: [a, b], registry } = await buses(t, 2);
  const came = [];
  await b.serve('x', { m: (...args) => void came.push(args) });
  const heard = await b.subscribe('x', '#');
  const names = [undefined, null, '', 5, {}, 'x'.repeat(256), Symbol('s')];
  const lists = ['text', 5, null, {}, new Set([1]), { length: 0 }, (function () { return arguments; })()];
  const signals = [5, 'abort', {}, new AbortController(), { aborted: false }, { addEventListener() {}, removeEventListener() {} }];
  const options = [5, 'x', { tiemout: 1 }, { graceMS: 1 }, { unknown: undefined }];
  /** @type {[(value: any) => any, any[]][]} */
  const table = [
    [(name) => a.call(name, 'm'), names],
    [(name) => a.call('x', name), names],
    [(list) => a.call('x', 'm', list), lists],
    [(value) => a.call('x', 'm', [], value), options],
    [(signal) => a.call('x', 'm', [], { signal }), signals],
    [(timeout) => a.call('x', 'm', [], { timeout }), [0, -1, 1.5, NaN, Infinity, '5', 2 ** 31]],
    [(name) => a.cast(name, 'm'), names],
    [(name) => a.cast('x', name), names],
    [(list) => a.cast('x', 'm', list), lists],
    [(name) => a.publish(name, 'k', 1), names],
    [(name) => a.publish('x', name, 1), names],
    [(data) => a.publish('x', 'k', data), [undefined, () => {}, Symbol('s'), 1n]],
    [(name) => a.subscribe(name, '#'), names],
    [(patterns) => a.subscribe('x', patterns), [...names, [], ['a', ''], ['a', 5], new Set(['a'])]],
    [(value) => a.subscribe('x', '#', value), [...options, { maxWaiting: 0 }, { maxWaiting: '5' }]],
    [(name) => a.serve(name, {}), [...names, '!x']],
    [(methods) => a.serve('y', methods), [undefined, null, 5, 'text', () => {}, [() => {}], new Map(), Promise.resolve({})]],
    [(value) => a.close(value), [...options, { graceMs: -1 }, { graceMs: NaN }, { graceMs: '5' }]],
    [(signal) => connectBus({ registry, signal }), signals],
  ];
  for (const [ask, values] of table) {
    for (const value of values) await assert.rejects(async () => await ask(value), TypeError, `${ask} of ${String(value?.toString?.())}`);
  }
  const { members, pendingCalls, calls, casts, published } = await a.status();
  assert.deepEqual([members.length, pendingCalls, calls.started, casts, published], [1, 0, 0, 0, 0]);
  assert.equal(await a.call('x', 'm', ['last'], { timeout: 5000 }), undefined);
  a.publish('x', 'last', 1);
  assert.equal((await heard.next()).value.routingKey, 'last');
  assert.deepEqual(came, [['last']]);
});

/** What connecting ends with when its signal fires, once the log has said what it waits for. */
async function givenUp(t, options, signal) {
  const controller = new AbortController();
  const warned = new Promise((resolve) => setLogger({ warn: resolve }));
  t.after(() => setLogger(null));
  const joining = connectBus({ ...options, signal: signal ?? controller.signal }).then(() => assert.fail('it joins'), (error) => error);
  if (signal === undefined) {
    await warned;
    controller.abort();
  }
  return joining;
}

test('waiting for a registry that is not there can be given up, and the error says why there was none', async (t) => {
  const registry = `127.0.0.1:${await freePort()}`;
  for (const options of [{ registry, host: false }, { registry: `etcd://u:secret@${registry}` }]) {
    const error = await givenUp(t, options);
    assert.equal(error.name, 'AbortError');
    assert.match(error.message, new RegExp(`aborted: no registry yet: .*${registry}.*refused`));
    assert.match(error.cause.message, /refused/);
    assert.match(inspect(error), /cause[^]*refused/);
    assert.doesNotMatch(inspect(error), /secret/);
  }
});

test('waiting for a registry that says nothing can be given up, and the error names it', async (t) => {
  const server = require('node:net').createServer((socket) => socket.pause()).listen(0, '127.0.0.1');
  await require('node:events').once(server, 'listening');
  t.after(() => server.close());
  const registry = `127.0.0.1:${/** @type {any} */ (server.address()).port}`;
  const error = await givenUp(t, { registry }, timeoutSignal(100));
  assert.equal(error.name, 'TimeoutError');
  assert.match(error.message, new RegExp(`no registry yet: the registry ${registry} has not answered$`));
  assert.match(error.cause.message, /has not answered$/);
});

test('what a signal was fired with is what connecting is rejected with', async () => {
  const registry = `127.0.0.1:${await freePort()}`;
  for (const reason of [new Error('shutting down'), 'text', null]) {
    const controller = new AbortController();
    const joining = connectBus({ registry, host: false, signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(joining, (error) => error === reason);
  }
});
