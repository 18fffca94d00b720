'use strict';

// OWT_GRPC_AUTHORIZE: what certificates give rights to. Whoever has none is refused with a
// text, for each kind of thing, and the good member beside it is served.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { inspect } = require('node:util');
const { test } = require('node:test');
const { BusError, connectBus, startRegistry } = require('../..');
const amqpClient = require('../../lib/dropin/amqpClient');
const { called, connected, eventually, freePort, rpcClient } = require('../support/bus');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { logOf, pairOf, withEnvironment } = require('../support/tls');

const skip = hasOpenssl ? false : 'needs openssl';

/** A certificate for localhost with a name beside it, of each. */
const WHO = ['good', 'bad', 'host', 'operator'];
const shop = new Workshop();
if (hasOpenssl) {
  shop.ca('ca');
  for (const who of WHO) shop.leaf(who, { cn: 'localhost', san: `DNS:localhost,URI:owt:${who}` });
  shop.leaf('named', { cn: 'by its common name', san: 'DNS:localhost' });
}

const RULES = {
  'owt:good': { serve: ['good-*', 'x'], call: ['*'], publish: [{ exchange: 'news', keys: ['a.*'] }] },
  'owt:bad': { serve: ['bad-*'], call: ['bad-*', 'open'] },
  'owt:host': { host: true, serve: ['x', 'open'], call: ['*'], publish: [{ exchange: 'news' }] },
  'owt:operator': { call: ['*'], tap: true },
};

let files = 0;
const rulesFile = (rules) => shop.write(`rules-${files++}.json`, JSON.stringify(rules));

/** Members at one registry, which the first of them hosts. All have the rules, but who is told otherwise. */
async function place(t, rules = RULES) {
  const port = await freePort();
  const authorize = rulesFile(rules);
  const lines = logOf();
  const buses = [];
  t.after(() => Promise.all(buses.map((bus) => bus.close({ graceMs: 0 }))));
  const come = async (who, options) => {
    const bus = await connectBus({ registry: `localhost:${port}`, tls: pairOf(shop, who), authorize, timeout: 10_000, ...options });
    buses.push(bus);
    return bus;
  };
  const said = (text) => lines.filter((line) => text.test(line));
  return { port, authorize, lines, come, said };
}

async function refused(doing, text) {
  const error = await doing.then((value) => assert.fail(`it went well: ${inspect(value)}`), (error) => error);
  assert.ok(error instanceof BusError, inspect(error));
  assert.equal(error.code, 'REFUSED', error.message);
  assert.match(error.message, text);
}

test('an id that a certificate may not serve is not served, its member goes on, and a good one beside it serves it', { skip }, async (t) => {
  const { come, said } = await place(t);
  const [host, good] = [await come('host'), await come('good')];
  // One that knows nothing of rules is held to them by the others.
  const bad = await come('bad', { authorize: undefined });
  await refused(bad.serve('good-1', {}), /a certificate for localhost, localhost, owt:bad may not serve the id good-1: by the rules of OWT_GRPC_AUTHORIZE it needs that in "serve"/);
  await refused(bad.serve('good-1', {}), /may not serve/);
  await good.serve('good-1', { ping: () => 'good' });
  await bad.serve('bad-1', { ping: () => 'bad' });
  assert.deepEqual(await Promise.all(['good-1', 'bad-1'].map((id) => good.call(id, 'ping'))), ['good', 'bad']);
  assert.equal(said(/registry: of the member .* may not serve the id good-1/).length, 1);
  const { members } = await host.status();
  assert.deepEqual(members.flatMap(({ ids }) => ids).sort(), ['bad-1', 'good-1']);
});

test('a call that its caller has no right to fails with a text at once, also by OWT\'s client, and is not begun', { skip }, async (t) => {
  const { port, come, said } = await place(t);
  const host = await come('host');
  let begun = 0;
  await host.serve('x', { ping: () => ++begun });
  await host.serve('open', { ping: () => 'open' });
  const bad = await come('bad');
  for (const _ of [1, 2, 3]) await refused(bad.call('x', 'ping', [], { timeout: 60_000 }), /^x\.ping: a certificate for .*owt:bad may not call or cast to the id x/);
  assert.equal(await bad.call('open', 'ping'), 'open');
  const client = amqpClient();
  t.after(() => client.disconnect());
  const environment = { OWT_GRPC_ROOT_CERT: shop.file('ca.crt'), OWT_GRPC_SERVER_CERT: shop.file('bad.crt'), OWT_GRPC_SERVER_KEY: shop.file('bad.key'), OWT_GRPC_CLIENT_CERT: shop.file('bad.crt'), OWT_GRPC_CLIENT_KEY: shop.file('bad.key') };
  await withEnvironment(environment, () => connected(client, { host: 'localhost', port }));
  const caller = await rpcClient(client);
  const [data, err] = await called(caller, 'x', 'ping', [], 60_000);
  assert.equal(data, 'error');
  assert.match(err, /may not call/);
  assert.equal(begun, 0);
  assert.equal(said(/what .* sends is refused: .* may not call or cast/).length, 2, 'once of each of the two members');
  const good = await come('good');
  assert.equal(await good.call('x', 'ping'), 1);
});

test('casts and messages that a certificate may not send are dropped, and both sides say so once', { skip }, async (t) => {
  const { come, said } = await place(t);
  const [host, good, bad] = [await come('host'), await come('good'), await come('bad')];
  const got = [];
  await host.serve('x', { note: (text) => void got.push(text) });
  const news = await host.subscribe('news', '#');
  await good.serve('good-end', {});
  for (const at of ['a.1', 'a.2']) bad.publish('news', at, 'bad');
  bad.cast('x', 'note', ['bad']);
  bad.cast('x', 'note', ['bad again']);
  // Behind all of it on the same link.
  await refused(bad.call('x', 'note'), /may not call/);
  good.publish('news', 'b.1', 'another key');
  good.publish('news', 'a.1', 'good');
  good.cast('x', 'note', ['good']);
  assert.deepEqual(await news.next(), { value: { routingKey: 'a.1', data: 'good' }, done: false });
  await eventually(() => got.length > 0, 'the cast');
  assert.deepEqual(got, ['good']);
  const counts = [/what .* sends is refused: .*owt:bad may not publish at the exchange news with the routing key a\.1/, /what .* sends is refused: .*owt:bad may not call or cast/, /what .* sends is refused: .*owt:good may not publish .* key b\.1/];
  assert.deepEqual(counts.map((text) => said(text).length), [1, 1, 1]);
  await eventually(() => said(/ refuses what this member sends: .*owt:bad/).length === 1 && said(/ refuses what this member sends: .*owt:good/).length === 1, 'both senders have said so');
});

test('what passes between others is seen by who has the right to, and by nobody else', { skip }, async (t) => {
  const { come } = await place(t);
  const host = await come('host');
  await host.serve('x', { ping: () => 'pong' });
  const bad = await come('bad');
  const denied = bad.subscribe('owt-grpc.tap', '#');
  await refused(denied.ready, /owt:bad may not see what passes between others \(owt-grpc tap\)/);
  await refused(denied.next(), /may not see/);
  assert.deepEqual(await denied.next(), { value: undefined, done: true });
  const seen = await (await come('operator')).subscribe('owt-grpc.tap', 'call.#');
  await (await come('good')).call('x', 'ping');
  const { value } = await seen.next();
  assert.equal(value.routingKey, 'call.x.ping');
});

test('a registry is not taken whose certificate may not host it, nor does a member become one', { skip }, async (t) => {
  const { port, come, said } = await place(t);
  // Without rules it becomes the registry.
  const impostor = await come('bad', { authorize: undefined });
  await refused(come('good'), /who is at the registry's place is not trusted: a certificate for .*owt:bad may not host the registry/);
  await impostor.close({ graceMs: 0 });
  const waiting = connectBus({ registry: `localhost:${port}`, tls: pairOf(shop, 'good'), authorize: rulesFile(RULES), timeout: 1_000 });
  await assert.rejects(waiting, { code: 'TIMEOUT', message: /owt:good may not host the registry/ });
  const good = come('good');
  await come('host');
  await good;
  assert.equal(said(/not trusted/).length, 0, 'it is an error of who wanted to join, and no line beside that');
});

test('a registry that stands alone keeps to the rules, too', { skip }, async (t) => {
  const { port, authorize, come } = await place(t);
  const registry = await startRegistry({ listen: `localhost:${port}`, tls: pairOf(shop, 'host'), authorize });
  t.after(() => registry.stop());
  await refused((await come('bad')).serve('x', {}), /owt:bad may not serve the id x/);
  await (await come('good')).serve('x', {});
});

test('a member whose name its certificate may not have is not let in, and one whose name it may have is', { skip }, async (t) => {
  const names = (pattern) => ({ ...RULES, 'owt:good': { ...RULES['owt:good'], names: [pattern] } });
  const { come } = await place(t, names(`${require('node:os').hostname()}-*`));
  const host = await come('host');
  await (await come('good')).serve('x', {});
  await host.close({ graceMs: 0 });
  const strict = await place(t, names('another-*'));
  await strict.come('host');
  await refused(strict.come('good'), /a certificate for .*owt:good may not be the member .*"names"/);
});

test('a link is refused to a member whose name its certificate may not have, and by one that dials it', { skip }, async (t) => {
  const rules = { ...RULES, 'owt:good': { ...RULES['owt:good'], names: ['another-*'] } };
  const { come, said, port } = await place(t);
  const host = await come('host');
  await host.serve('x', { ping: () => 'pong' });
  // Of two that have other rules than the registry.
  const strict = await connectBus({ registry: `localhost:${port}`, tls: pairOf(shop, 'host'), authorize: rulesFile(rules) });
  t.after(() => strict.close({ graceMs: 0 }));
  await strict.serve('open', { ping: () => 'open' });
  const good = await come('good');
  await good.serve('good-1', { ping: () => 'good' });
  await assert.rejects(good.call('open', 'ping', [], { timeout: 500 }), { code: 'UNREACHABLE', message: /owt:good may not be the member/ });
  await assert.rejects(strict.call('good-1', 'ping', [], { timeout: 500 }), { code: 'UNREACHABLE', message: /owt:good may not be the member/ });
  assert.equal(await good.call('x', 'ping'), 'pong');
  assert.equal(said(/a link was (refused|given up): .*owt:good may not be the member/).length, 1);
});

test('a common name counts as well as a name in subjectAltName', { skip }, async (t) => {
  const { come } = await place(t, { ...RULES, 'by its*': { serve: ['x'] } });
  const [host, named] = [await come('host'), await come('named')];
  await named.serve('x', { ping: () => 'pong' });
  assert.equal(await host.call('x', 'ping'), 'pong');
  await refused(named.serve('y', {}), /a certificate for by its common name, localhost may not serve the id y/);
});

test('rules without mutual TLS, or that cannot be read, are refused by name before anything is started', { skip }, async () => {
  const good = rulesFile(RULES);
  const tls = pairOf(shop, 'good');
  const broken = shop.write('broken.json', '{\n  "a": { "sevre": ["x"] }\n}');
  for (const [options, text] of [
    [{ authorize: good }, /option authorize is about the certificates of others, and TLS is not set up: set OWT_GRPC_ROOT_CERT/],
    [{ authorize: good, tls: { ...tls, clientAuth: 'optional' } }, /option authorize needs others to show their certificates, and they need not: .*clientAuth: 'optional'/],
    [{ authorize: path.join(shop.folder, 'nowhere'), tls }, /option authorize names .*nowhere, which cannot be read \(ENOENT\)/],
    [{ authorize: shop.folder, tls }, /which cannot be read \(EISDIR\)/],
    [{ authorize: broken, tls }, /option authorize names .*broken\.json, which cannot be used: unknown field `sevre`, expected one of .* at line 2 column 16; docs\/security\.md/],
    [{ authorize: 5, tls }, /option authorize must be the path of a file/],
    [{ authorize: '', tls }, /option authorize must be the path of a file/],
  ]) {
    const owners = [['connectBus', () => connectBus({ registry: 'localhost:1', ...options })], ['startRegistry', () => startRegistry({ listen: 'localhost:0', ...options })]];
    for (const [owner, start] of owners) {
      await assert.rejects(async () => start(), (error) => {
        assert.ok(error instanceof TypeError, inspect(error));
        assert.ok(error.message.startsWith(`${owner}: `), error.message);
        assert.match(error.message, text);
        return true;
      });
    }
  }
  await assert.rejects(async () => withEnvironment({ OWT_GRPC_AUTHORIZE: path.join(shop.folder, 'nowhere') }, () => connectBus({ tls, authorize: good })), /OWT_GRPC_AUTHORIZE names .*nowhere/);
  assert.ok(fs.existsSync(good));
});
