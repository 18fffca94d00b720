'use strict';

// Calls and their replies: what reaches the handler, and what comes back.

const assert = require('node:assert').strict;
const { called, rpcClient, rpcServer } = require('..');
const { unique } = require('./unique');

/** @type {import('./index').Promises} */
module.exports = (promise) => {
  promise('a call gets its reply, with data and err and nothing else', async (join) => {
    const id = unique('webrtc');
    await rpcServer(await join(), id, {
      add: (a, b, reply) => reply('callback', a + b),
      fail: (reply) => reply('callback', 'error', 'because'),
      nothing: (reply) => reply('callback'),
    });
    const client = await rpcClient(await join());
    assert.deepEqual(await called(client, id, 'add', [1, 2]), [3, undefined]);
    assert.deepEqual(await called(client, id, 'fail', []), ['error', 'because']);
    assert.deepEqual(await called(client, id, 'nothing'), [undefined, undefined]);
    assert.deepEqual(await called(client, id, 'missing', []), ['error', 'Not support method']);
  });

  promise('what every object has cannot be called from afar', async (join) => {
    const id = unique('webrtc');
    class Methods {
      ping(reply) {
        reply('callback', 'pong');
      }
    }
    await rpcServer(await join(), id, new Methods());
    const client = await rpcClient(await join());
    for (const name of ['toString', 'constructor', '__defineGetter__', 'hasOwnProperty']) {
      assert.deepEqual(await called(client, id, name, []), ['error', 'Not support method'], name);
    }
    assert.deepEqual(await called(client, id, 'ping', []), ['pong', undefined]);
  });

  promise('methods are looked up anew for each request, with their object as this', async (join) => {
    const id = unique('video');
    const methods = {
      engine: null,
      init(reply) {
        Object.setPrototypeOf(methods, { generate(done) { done('callback', this.engine); } });
        this.engine = 'mixer';
        reply('callback', 'ok');
      },
    };
    await rpcServer(await join(), id, methods);
    const client = await rpcClient(await join());
    assert.deepEqual(await called(client, id, 'generate', []), ['error', 'Not support method']);
    assert.deepEqual(await called(client, id, 'init', []), ['ok', undefined]);
    assert.deepEqual(await called(client, id, 'generate', []), ['mixer', undefined]);
  });

  promise('a handler that throws fails its call and nothing else', async (join) => {
    const id = unique('cluster');
    await rpcServer(await join(), id, {
      getTasks() {
        throw new TypeError('this.scheduler.getTasks is not a function');
      },
      ping: (reply) => reply('callback', 'pong'),
    });
    const client = await rpcClient(await join());
    client.remoteCast(id, 'getTasks', []);
    assert.deepEqual(await called(client, id, 'getTasks', []), ['error', 'this.scheduler.getTasks is not a function']);
    assert.deepEqual(await called(client, id, 'ping', []), ['pong', undefined]);
  });

  promise('a client is a server of its own calls, too', async (join) => {
    const id = unique('self');
    const bus = await join();
    await rpcServer(bus, id, { ping: (reply) => reply('callback', 'pong') });
    assert.deepEqual(await called(await rpcClient(bus), id, 'ping', []), ['pong', undefined]);
  });
};
