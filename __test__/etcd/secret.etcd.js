'use strict';

// etcd lets in whom its users and TLS let in; links between members ask for the
// cluster's secret all the same.
// `npm run test:etcd`

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { connectBus } = require('../..');
const { eventually } = require('../support/bus');
const { Etcd } = require('../support/etcd');
const { heard } = require('../support/bus/heard');

test('with the registry on etcd a member without the secret is seen, and neither calls nor is called', async (t) => {
  const etcd = await Etcd.start(1);
  t.after(() => etcd.stop());
  const { warnings } = heard(t);
  const registry = etcd.url('/secret');
  const come = async (id, options) => {
    const bus = await connectBus({ registry, ...options });
    t.after(() => bus.close({ graceMs: 0 }));
    await bus.serve(id, { ping: () => id });
    return bus;
  };
  const one = await come('one', { secret: 'ours' });
  const two = await come('two', { secret: ['another', 'ours'] });
  assert.deepEqual([await one.call('two', 'ping'), await two.call('one', 'ping')], ['two', 'one']);
  const intruder = await come('three', { secret: 'guessed', secretMode: 'accepted' });
  await eventually(async () => (await one.status()).members.some(({ ids }) => ids.includes('three')), 'it is seen');
  await assert.rejects(intruder.call('one', 'ping', [], { timeout: 1000 }), { code: 'UNREACHABLE', message: /the secret of this side is not the other side's/ });
  await assert.rejects(two.call('three', 'ping', [], { timeout: 1000 }), { code: 'UNREACHABLE', message: /it does not prove the cluster's secret/ });
  const { member } = await intruder.status();
  assert.equal(warnings.filter((text) => text.includes(`the member ${member} is not trusted`)).length, 2, warnings.join('\n'));
});
