'use strict';

// What was made and has ended is free to be collected while the bus, the client or
// the server that it was made on lives, and while the signals do that it was given.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const v8 = require('node:v8');
const vm = require('node:vm');
const { Server, connectBus, createClient } = require('../..');
const { called, cluster, freePort, participant, rpcClient, rpcServer, subscribed } = require('../support/bus');
const { AbortController } = require('../support/grpc/signals');

const COUNT = 60;
/** A few may be held by what is reused. */
const FEW = 5;

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc');

/**
 * Makes and ends many of a kind, and looks how many are there still.
 *
 * @param {() => Promise<object[]>} makeAndEnd one of them: what is to be free then
 */
async function kept(makeAndEnd) {
  const refs = [];
  for (let n = 0; n < COUNT; n++) for (const made of await makeAndEnd()) refs.push(new WeakRef(made));
  let alive = refs.length;
  // What a turn has looked at is not collected in that turn.
  for (let n = 0; n < 50 && alive > FEW; n++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    collect();
    alive = refs.filter((ref) => ref.deref() !== undefined).length;
  }
  return alive;
}

async function haveKept(kinds) {
  for (const [what, makeAndEnd] of Object.entries(kinds)) {
    const alive = await kept(makeAndEnd);
    assert.ok(alive <= FEW, `${what}: ${alive} of ${COUNT} are kept`);
  }
}

test('what was made on a bus and has ended is free to be collected while the bus lives', { timeout: 60_000 }, async (t) => {
  const registry = `127.0.0.1:${await freePort()}`;
  const [bus, other] = [await connectBus({ registry }), await connectBus({ registry })];
  t.after(() => Promise.all([bus.close({ graceMs: 0 }), other.close({ graceMs: 0 })]));
  const { signal } = new AbortController();
  await other.serve('x', { ping: (value) => value, fail() { throw new Error('no'); }, never: () => new Promise(() => {}) });
  const given = [];
  await other.serve('watched', { ping(call) { given.push(new WeakRef(call.signal)); } }, { withCall: true });
  let n = 0;
  await haveKept({
    'subscriptions that were ended': async () => {
      const news = bus.subscribe('news', `n${n++}.#`, { signal });
      await news.return();
      return [news];
    },
    'subscriptions whose loop was left': async () => {
      const news = await bus.subscribe('news', 'loop', { signal });
      other.publish('news', 'loop', { n });
      for await (const { data } of news) return [news, data];
      return [];
    },
    'subscriptions that their signal has ended': async () => {
      const controller = new AbortController();
      const news = await bus.subscribe('news', 'aborted', { signal: controller.signal });
      const read = news.next();
      controller.abort(new Error('enough'));
      await assert.rejects(read, /enough/);
      await bus.status();
      return [news];
    },
    'services that were stopped': async () => {
      const methods = { ping: () => 1 };
      const service = await bus.serve('y', methods);
      await service.stop();
      return [service, methods];
    },
    'calls that were answered': async () => {
      const call = bus.call('x', 'ping', [{}], { signal });
      return [call, await call];
    },
    'calls that failed': async () => {
      const call = bus.call('x', 'fail', [], { signal });
      return [call, await call.catch((error) => error)];
    },
    'calls that were given up': async () => {
      const controller = new AbortController();
      const call = bus.call('x', 'never', [], { signal: controller.signal });
      controller.abort(new Error('enough'));
      return [call, await call.catch((error) => error), controller.signal];
    },
    'calls whose time was over': async () => {
      const call = bus.call('nobody', 'ping', [], { signal, timeout: 1 });
      return [call, await call.catch((error) => error)];
    },
    "handlers' signals": async () => {
      await bus.call('watched', 'ping');
      return [given.pop().deref() ?? {}];
    },
    'members that have left': async () => {
      const guest = await connectBus({ registry, signal });
      const news = guest.subscribe('news', '#');
      await guest.close({ graceMs: 0 });
      return [guest, guest.connection, news];
    },
  });
});

test("what was made on OWT's client and has ended is free to be collected while the client lives", { timeout: 60_000 }, async (t) => {
  const { join } = await cluster(t);
  const client = await join();
  const channel = await participant(client, 'group');
  const caller = await rpcClient(client);
  await haveKept({
    'listeners of topics': async () => {
      const onMessage = () => {};
      await subscribed(channel, ['a', 'b.#'], onMessage);
      await channel.unsubscribe(['a', 'b.#']);
      return [onMessage];
    },
    'servers that were removed, and calls': async () => {
      const methods = { ping: (value, reply) => reply('callback', value) };
      const server = await rpcServer(client, 'x', methods);
      const got = await called(caller, 'x', 'ping', [{}]);
      await client.removeRpcServer();
      return [server, methods, got];
    },
  });
});

test('calls that have ended are free to be collected while client and server live', { timeout: 60_000 }, async (t) => {
  const server = new Server().addService('quic', {
    async *validateTokenCallback(call) {
      for await (const { tokenId } of call) yield { tokenId };
    },
  });
  const client = createClient('quic', `127.0.0.1:${await server.listen('127.0.0.1:0')}`);
  t.after(async () => {
    client.close();
    await server.stop();
  });
  const { signal } = new AbortController();
  await haveKept({
    'streams that were read to their end': async () => {
      const tokens = client.validateTokenCallback({ signal });
      tokens.end({ tokenId: 'a' });
      const got = [];
      for await (const reply of tokens) got.push(reply);
      return [tokens, ...got];
    },
    'streams that were given up': async () => {
      const controller = new AbortController();
      const tokens = client.validateTokenCallback({ signal: controller.signal });
      const end = new Promise((resolve) => tokens.on('error', resolve));
      controller.abort();
      return [tokens, await end, controller.signal];
    },
  });
});
