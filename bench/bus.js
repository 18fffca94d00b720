'use strict';

// OWT's messaging over RabbitMQ, with Nagle's algorithm off and on, and over the
// bus, in one run: each round measures every load with every variant, in turning
// order. Ratios are medians of the rounds' own ratios. CPU includes the broker's, and
// what JSON costs whatever carries it, which is shown beside.

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('./arguments');
const { median, round } = require('./numbers');
const { jsonPer100k, payload } = require('./payload');
const { Peer, brokers } = require('./processes');
const { usage } = require('./usage');
const { freePort } = require('../__test__/support/bus');

const HELP = `npm run bench:bus -- [options]     needs RabbitMQ on 127.0.0.1:5672
  --rounds N   rounds (default 5)
  --seconds N  length of one measurement (default 2)
  --only TEXT  only the loads whose name contains it
  --amqplib D  another amqplib, the folder of the package
  --out FILE   where the results are written (default bench/results/bus.json)
  --help       this text`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    amqplib: { type: 'string' },
    out: { type: 'string', default: path.join(__dirname, 'results', 'bus.json') },
    help: { type: 'boolean', default: false },
  },
});

const SUBSCRIBERS = 8;
const LOADS = [
  { name: 'keepAlive, 1 in flight', role: 'client', inFlight: 1 },
  { name: 'keepAlive, 128 in flight', role: 'client', inFlight: 128 },
  { name: '1 kB of SDP, 128 in flight', role: 'client', inFlight: 128, size: 1000, kind: 'sdp' },
  { name: '1 kB of objects, 128 in flight', role: 'client', inFlight: 128, size: 1000, kind: 'objects' },
  { name: '100 kB of plain text, 16 in flight', role: 'client', inFlight: 16, size: 100_000, kind: 'plain' },
  { name: '100 kB of SDP, 16 in flight', role: 'client', inFlight: 16, size: 100_000, kind: 'sdp' },
  { name: 'topic, 8 subscribers', role: 'publisher', size: 300, kind: 'objects', subscribers: SUBSCRIBERS },
  { name: 'topic of 100 kB of plain text, 8 subscribers', role: 'publisher', size: 100_000, kind: 'plain', subscribers: SUBSCRIBERS },
].filter(({ name }) => name.includes(options.only));

const VARIANTS = ['rabbitmq', 'rabbitmq-nagle', 'ours'];
const FIGURES = { perSecond: 'calls or deliveries/s', p50: 'p50 µs', p99: 'p99 µs', cpuPer100k: 'CPU s per 100k' };

class Group {
  static async start(variant, connect, broker) {
    const group = new Group();
    group.pids = [...broker];
    group.processes = {};
    const id = `bench-${variant}-${process.pid}`;
    const roles = ['server', 'client', 'publisher', ...Array(SUBSCRIBERS).fill('subscriber')];
    group.peers = [];
    for (const role of roles) {
      const peer = await Peer.start('bus.js', [variant === 'ours' ? 'ours' : 'rabbitmq', JSON.stringify(connect), role, id]);
      group.processes[role] = peer;
      group.peers.push(peer);
      group.pids.push(peer.pid);
    }
    return group;
  }

  cpu() {
    return this.pids.reduce((sum, pid) => sum + usage(pid).cpu, 0);
  }

  async run({ role, ...load }) {
    const before = this.cpu();
    const result = JSON.parse(await this.processes[role].ask(JSON.stringify(load)));
    return { ...result, perSecond: result.count / result.seconds, cpuPer100k: ((this.cpu() - before) / result.count) * 1e5 };
  }

  stop() {
    for (const peer of this.peers) peer.stop();
  }
}

function summarize(name, rounds) {
  const of = (figure) => Object.fromEntries(VARIANTS.map((variant) => [variant, median(rounds.map((one) => one[variant][figure]))]));
  const ratio = (figure, to) => median(rounds.map((one) => one.ours[figure] / one[to][figure]));
  const each = (what) => Object.fromEntries(Object.keys(FIGURES).map((figure) => [figure, what(figure)]));
  return { name, jsonPer100k: median(rounds.map(({ json }) => json)), medians: each(of), toRabbitmq: each((figure) => ratio(figure, 'rabbitmq')), toNagle: each((figure) => ratio(figure, 'rabbitmq-nagle')) };
}

function print({ name, jsonPer100k: json, medians, toRabbitmq, toNagle }) {
  console.log(`\n${name}\n  ${['', ...VARIANTS, 'ours/rabbitmq', 'ours/nagle'].map((head) => head.padEnd(22)).join('')}`);
  for (const figure of Object.keys(FIGURES)) {
    if (!(medians[figure].ours > 0)) continue;
    const cells = [...VARIANTS.map((variant) => medians[figure][variant]), toRabbitmq[figure], toNagle[figure]];
    console.log(`  ${FIGURES[figure].padEnd(22)}${cells.map((cell) => String(round(cell)).padEnd(22)).join('')}`);
  }
  if (json > 0) console.log(`  of which JSON alone, on any side: ${round(json)}`);
}

async function main() {
  if (options.help) return console.log(HELP);
  const broker = brokers();
  const { amqplib } = options;
  const ours = { host: '127.0.0.1', port: await freePort() };
  const groups = {
    rabbitmq: await Group.start('rabbitmq', { noDelay: true, amqplib }, broker),
    'rabbitmq-nagle': await Group.start('rabbitmq-nagle', { noDelay: false, amqplib }, broker),
    ours: await Group.start('ours', ours, []),
  };
  const seconds = Number(options.seconds);
  for (const load of LOADS) for (const variant of VARIANTS) await groups[variant].run({ ...load, seconds: 1 });
  const samples = new Map(LOADS.map(({ name }) => [name, []]));
  for (let turn = 0; turn < Number(options.rounds); turn++) {
    for (const load of LOADS) {
      const sample = { json: load.size === undefined ? 0 : jsonPer100k(payload(load.kind, load.size), load.subscribers ?? 1) };
      for (let n = 0; n < VARIANTS.length; n++) {
        const variant = VARIANTS[(turn + n) % VARIANTS.length];
        sample[variant] = await groups[variant].run({ ...load, seconds });
      }
      samples.get(load.name).push(sample);
      process.stderr.write('.');
    }
  }
  for (const group of Object.values(groups)) group.stop();
  const summary = [...samples].map(([name, rounds]) => summarize(name, rounds));
  summary.forEach(print);
  fs.writeFileSync(options.out, `${JSON.stringify({ rounds: Number(options.rounds), seconds, node: process.version, summary }, null, 2)}\n`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
