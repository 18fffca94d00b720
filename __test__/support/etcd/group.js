'use strict';

// Members on an etcd of their own test, and what they do while it breaks.

const assert = require('node:assert').strict;
const { performance } = require('node:perf_hooks');
const amqpClient = require('../../../lib/dropin/amqpClient');
const { connected, participant, rpcClient, rpcServer, subscribed } = require('../bus');
const { Heard, Load, Sender } = require('../bus/load');

/** A member with an id, which calls, casts to and publishes to others. */
class Worker {
  /** @param {string} registry a URL @param {string} id */
  static async join(registry, id) {
    const worker = new Worker();
    Object.assign(worker, { id, client: amqpClient(), casts: new Heard(), messages: new Heard(), loads: [] });
    // Read at once: members of one process may have their own.
    process.env.OWT_GRPC_REGISTRY = registry;
    const joined = connected(worker.client, {});
    delete process.env.OWT_GRPC_REGISTRY;
    await joined;
    worker.rpc = await rpcClient(worker.client);
    worker.channel = await participant(worker.client, 'group');
    await subscribed(worker.channel, ['all.#'], ({ from, number }) => worker.messages.note(from, number));
    await rpcServer(worker.client, id, {
      echo: (value, reply) => reply('callback', value),
      note: (from, number) => worker.casts.note(from, number),
    });
    return worker;
  }

  /** @param {string[]} others */
  work(others) {
    this.loads = others.map((to) => new Load(this.rpc, to));
    this.sender = new Sender(this.rpc, this.channel, this.id, others);
  }

  status() {
    return this.client.connection.status();
  }
}

class Group {
  /**
   * @param {import('node:test').TestContext} t
   * @param {string[]} registries a URL for each member
   */
  static async start(t, registries) {
    const group = new Group();
    group.workers = [];
    t.after(() => group.leave());
    for (const [n, registry] of registries.entries()) group.workers.push(await Worker.join(registry, `id${n}`));
    for (const worker of group.workers) worker.work(group.others(worker));
    return group;
  }

  others({ id }) {
    return this.workers.map((worker) => worker.id).filter((other) => other !== id);
  }

  /** Registers an id more with the n-th, and says how long that took until another's call came through, in ms. */
  async register(n, id, patience = 500) {
    const start = performance.now();
    const { client } = this.workers[n];
    const { connection } = client;
    await connection.serve(id, (request) => connection.incoming.reply(request, '', 'here', undefined, false), true).done;
    const asker = this.workers[(n + 1) % this.workers.length];
    const [data] = await new Promise((resolve) => asker.rpc.remoteCall(id, 'any', [], { callback: (...got) => resolve(got) }, patience));
    assert.equal(data, 'here');
    return performance.now() - start;
  }

  /** Ends the work. Every call was settled once, with its reply; every cast and message has arrived once, in order. */
  async lostNothing() {
    for (const { sender } of this.workers) sender.stop();
    let calls = 0;
    for (const worker of this.workers) {
      for (const load of worker.loads) {
        const { to, unsettled, started, replied, repeated, wrong, failures } = await load.stop();
        const what = `calls of ${worker.id} to ${to}`;
        assert.deepEqual({ unsettled, repeated, wrong, failures, replied }, { unsettled: 0, repeated: 0, wrong: 0, failures: [], replied: started }, what);
        calls += replied;
      }
    }
    for (const worker of this.workers) {
      const [casts, messages] = [worker.casts.summary(), worker.messages.summary()];
      for (const from of this.workers.filter((other) => other !== worker)) {
        for (const [kind, heard] of Object.entries({ casts: casts[from.id], messages: messages[from.id] })) {
          const { missing, repeated, late, last } = heard;
          assert.deepEqual({ missing, repeated, late, last }, { missing: 0, repeated: 0, late: 0, last: from.sender.sent }, `${kind} of ${from.id} to ${worker.id}`);
        }
      }
    }
    return calls;
  }

  async leave() {
    await Promise.all(this.workers.map(({ client, sender, loads }) => {
      sender?.stop();
      for (const load of loads) load.isOn = false;
      return client.disconnect();
    }));
  }
}

module.exports = { Group, Worker };
