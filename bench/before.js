'use strict';

// This build and an earlier one under the same loads, in one run: each round measures
// every load with both, in turning order. Each build runs its own bench/peers, so both
// folders are this package, built. A ratio is told from noise by the interval that
// holds its median with 95 % (order statistics of the rounds, no assumption on how
// they are spread): it does not contain 1.

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('./arguments');
const { median, spread } = require('./numbers');
const { Peer, cpuOf } = require('./processes');
const { freePort } = require('../__test__/support/bus');

const HELP = `npm run bench:before -- --before DIR [options]
  --before DIR  the earlier build: a clone of this package in which npm run setup has run
  --name TEXT   what it is called in the results (default its folder's name)
  --rounds N    rounds (default 20)
  --seconds N   length of one measurement (default 1)
  --only TEXT   only the loads whose name contains it
  --out FILE    where the results are written (default: nowhere)
  --help        this text`;

const { values: options } = parseArgs({
  options: {
    before: { type: 'string' },
    name: { type: 'string' },
    rounds: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const SUBSCRIBERS = 8;
const GRPC = [
  { name: 'unary, 1 in flight', kind: 'unary', inFlight: 1 },
  { name: 'unary, 128 in flight', kind: 'unary', inFlight: 128 },
  { name: 'server stream', kind: 'stream' },
  { name: 'bidi, 128 in flight', kind: 'bidi' },
];
const BUS = [
  { name: 'keepAlive, 1 in flight', role: 'client', inFlight: 1 },
  { name: 'keepAlive, 128 in flight', role: 'client', inFlight: 128 },
  { name: 'topic, 8 subscribers', role: 'publisher', size: 300, kind: 'objects', subscribers: SUBSCRIBERS },
];
const LOADS = [...GRPC, ...BUS].filter(({ name }) => name.includes(options.only));
const FIGURES = { perSecond: 'per second', cpu: 'CPU per call' };

/** The processes of one build: both ends of gRPC, and all members of a bus. */
class Build {
  static async start(folder) {
    const build = new Build();
    const peer = (script, ...args) => Peer.start(path.join(path.resolve(folder), 'bench', 'peers', script), args);
    const server = await peer('server.js', 'ours');
    // A client says nothing before it is asked.
    build.grpc = { server, client: Peer.silent(path.join(path.resolve(folder), 'bench', 'peers', 'client.js'), ['ours', server.first]) };
    const registry = JSON.stringify({ host: '127.0.0.1', port: await freePort() });
    build.bus = {};
    for (const role of ['server', 'client', 'publisher']) build.bus[role] = await peer('bus.js', 'ours', registry, role, 'bench');
    build.subscribers = [];
    for (let n = 0; n < SUBSCRIBERS; n++) build.subscribers.push(await peer('bus.js', 'ours', registry, 'subscriber', 'bench'));
    build.peers = [...Object.values(build.grpc), ...Object.values(build.bus), ...build.subscribers];
    return build;
  }

  async run({ role, ...load }) {
    const pids = this.peers.map(({ pid }) => pid);
    const before = cpuOf(pids);
    const { count, seconds } = JSON.parse(await (role ? this.bus[role] : this.grpc.client).ask(JSON.stringify(load)));
    return { perSecond: count / seconds, cpu: (cpuOf(pids) - before) / count };
  }

  stop() {
    for (const peer of this.peers) peer.stop();
  }
}

async function measured(builds) {
  const samples = new Map(LOADS.map(({ name }) => [name, []]));
  for (let turn = 0; turn < Number(options.rounds); turn++) {
    for (const { name, ...load } of LOADS) {
      const sample = {};
      const order = turn % 2 ? ['now', 'before'] : ['before', 'now'];
      for (const variant of order) sample[variant] = await builds[variant].run({ ...load, seconds: Number(options.seconds) });
      samples.get(name).push(sample);
      process.stderr.write('.');
    }
  }
  process.stderr.write('\n');
  return samples;
}

function summary(name, rounds) {
  const figures = Object.keys(FIGURES).map((figure) => {
    const ratios = rounds.map(({ now, before }) => now[figure] / before[figure]);
    const [low, high] = spread(ratios);
    return [figure, { before: median(rounds.map(({ before }) => before[figure])), ratio: median(ratios), low, high, differs: low > 1 || high < 1 }];
  });
  return { name, ...Object.fromEntries(figures) };
}

function print({ name, ...figures }) {
  console.log(name);
  for (const [figure, heading] of Object.entries(FIGURES)) {
    const { ratio, low, high, differs } = figures[figure];
    console.log(`  ${heading.padEnd(14)}now/before ${ratio.toFixed(3)}  (${low.toFixed(3)} to ${high.toFixed(3)})${differs ? '' : '  no difference that can be told'}`);
  }
}

async function main() {
  if (options.help || options.before === undefined) return console.log(HELP);
  const builds = { before: await Build.start(options.before), now: await Build.start(path.join(__dirname, '..')) };
  for (const load of LOADS) for (const build of Object.values(builds)) await build.run({ ...load, seconds: 1 });
  const samples = await measured(builds);
  for (const build of Object.values(builds)) build.stop();
  const results = [...samples].map(([name, rounds]) => summary(name, rounds));
  results.forEach(print);
  if (options.out === undefined) return;
  const about = { before: options.name ?? path.basename(path.resolve(options.before)), node: process.version, rounds: Number(options.rounds), seconds: Number(options.seconds) };
  fs.writeFileSync(options.out, `${JSON.stringify({ ...about, loads: results }, null, 2)}\n`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
