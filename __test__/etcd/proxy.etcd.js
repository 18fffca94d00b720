'use strict';

// Members that reach etcd by `etcd grpc-proxy`, which answers keep-alives on a beat
// of its own. `npm run test:etcd`

const assert = require('node:assert').strict;
const { performance } = require('node:perf_hooks');
const { test } = require('node:test');
const { promisify } = require('node:util');
const { connectBus } = require('../..');
const { Etcd } = require('../support/etcd');
const { heard } = require('../support/bus/heard');

const pause = promisify(setTimeout);

/** Several of the proxy's beats, and of the lease's lives, in ms. */
const WHILE = 15_000;

test('behind etcd grpc-proxy sessions last, and what is registered is known at once', { timeout: 60_000 }, async (t) => {
  const etcd = await Etcd.start(1);
  t.after(() => etcd.stop());
  const log = heard(t);
  const registry = `etcd://${await etcd.proxy(t)}/proxied`;
  const buses = await Promise.all([0, 1].map(() => connectBus({ registry })));
  t.after(() => Promise.all(buses.map((bus) => bus.close())));
  const until = performance.now() + WHILE;
  for (let n = 0; performance.now() < until; n++) {
    await buses[n % 2].serve(`id${n}`, { ping: () => n });
    assert.equal(await buses[(n + 1) % 2].call(`id${n}`, 'ping'), n);
    await pause(500);
  }
  assert.deepEqual(log.warnings, []);
});
