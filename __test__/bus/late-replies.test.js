'use strict';

// A call of OWT's client may hear replies of other kinds after its last one.

const assert = require('node:assert').strict;
const { EventEmitter, once } = require('node:events');
const { test } = require('node:test');
const { connectBus } = require('../..');
const { LISTENING } = require('../../lib/bus/calls');
const { freePort } = require('../support/bus');

test('after their last replies the latest calls hear replies of other kinds, and as many as are kept', { timeout: 60_000 }, async (t) => {
  const registry = `127.0.0.1:${await freePort()}`;
  const [serving, calling] = [await connectBus({ registry }), await connectBus({ registry })];
  t.after(() => Promise.all([calling.close(), serving.close()]));
  const requests = [];
  const { incoming } = serving.connection;
  const { done } = serving.connection.serve('late', (request) => {
    requests.push(request);
    incoming.reply(request, '', 'ok', undefined, false);
  }, false);
  await done;
  const heard = new EventEmitter();
  let ended = 0;
  const call = () => {
    const receiver = { many: true, onReply: (kind, data) => (kind === '' ? ++ended > LISTENING && heard.emit('ended') : heard.emit('late', data)), onFailed: assert.fail };
    return calling.connection.call('late', 'method', [], 10_000, receiver);
  };
  const all = once(heard, 'ended');
  for (let n = 0; n <= LISTENING; n++) call();
  await all;
  const late = [];
  heard.on('late', (data) => late.push(data));
  const last = new Promise((resolve) => heard.on('late', (data) => data === LISTENING && resolve()));
  for (const n of [0, 1, LISTENING]) incoming.reply(requests[n], 'late', n, undefined, false);
  await last;
  assert.deepEqual(late, [1, LISTENING]);
});
