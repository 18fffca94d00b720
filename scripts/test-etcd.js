'use strict';

// Runs the bus's tests with its registry on an etcd cluster of three, and breaks
// that. Fails if there is no etcd: without it nothing is shown.

const { Etcd, missing } = require('../__test__/support/etcd');
const { run } = require('./testing/run');

async function main() {
  const why = missing();
  if (why !== '') throw new Error(why);
  const etcd = await Etcd.start();
  try {
    console.log(`three members of ${(await etcd.control(['version'])).split('\n')[0].replace('etcdctl', 'etcd')}`);
    const wanted = process.argv.slice(2);
    const names = ['behaviour', 'login', 'faults', 'hosts', 'many'].filter((name) => wanted.length === 0 || wanted.includes(name));
    // One after the other: each has a cluster and measures times.
    const results = names.map((name) => run([`__test__/etcd/${name}.js`], { env: name === 'behaviour' ? { OWT_GRPC_REGISTRY: etcd.url('/behaviour') } : {} }));
    return Math.max(...results);
  } finally {
    await etcd.stop();
  }
}

main().then(
  (status) => process.exit(status),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);
