'use strict';

// What messaging costs when nothing happens: the cluster of OWT's contract at
// its steady state, over RabbitMQ and over the bus, in one run. Each worker and
// each cluster manager is a process. Windows in which the timers send and
// windows in which they do not take turns; CPU is that of all processes, the
// broker's included, and what counts is the difference.

const fs = require('node:fs');
const path = require('node:path');
const { performance } = require('node:perf_hooks');
const { promisify } = require('node:util');
const { parseArgs } = require('./arguments');
const { median, round } = require('./numbers');
const { Peer, brokers, cpuOf } = require('./processes');
const { freePort } = require('../__test__/support/bus');

const pause = promisify(setTimeout);

const HELP = `npm run bench:steady -- [options]     needs RabbitMQ on 127.0.0.1:5672 and 50 MB for each process
  --workers N  workers of each back-end (default 110)
  --rounds N   rounds (default 5)
  --seconds N  length of one window (default 10)
  --out FILE   where the results are written (default bench/results/steady.json)
  --help       this text`;

const { values: options } = parseArgs({
  options: {
    workers: { type: 'string', default: '110' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    out: { type: 'string', default: path.join(__dirname, 'results', 'steady.json') },
    help: { type: 'boolean', default: false },
  },
});

const VARIANTS = ['rabbitmq', 'ours'];
/** In ms of CPU time per second. */
const FIGURES = { messaging: 'sending less connected', sending: 'sending', connected: 'connected' };
/** Processes that start at the same time. */
const TOGETHER = 10;

class Cluster {
  static async start(variant, connect, extra) {
    const cluster = new Cluster();
    const start = (role, name) => Peer.start('steady.js', [variant, JSON.stringify(connect), role, name]);
    cluster.peers = [await start('leader', 'm0'), await start('follower', 'm1'), await start('follower', 'm2')];
    const names = Array.from({ length: Number(options.workers) }, (_, n) => `webrtc-${String(n).padStart(20, '0')}@10.0.0.21`);
    for (let n = 0; n < names.length; n += TOGETHER) {
      cluster.peers.push(...(await Promise.all(names.slice(n, n + TOGETHER).map((name) => start('worker', name)))));
    }
    cluster.pids = [...cluster.peers.map(({ pid }) => pid), ...extra];
    return cluster;
  }

  async counts() {
    const sum = {};
    for (const counts of await Promise.all(this.peers.map((peer) => peer.ask('count')))) {
      for (const [what, count] of Object.entries(JSON.parse(counts))) sum[what] = (sum[what] ?? 0) + count;
    }
    return sum;
  }

  async window(state) {
    for (const peer of this.peers) peer.tell(state);
    // The switch itself is not measured.
    await pause(1000);
    const before = await this.counts();
    await pause(200);
    const [cpu, start] = [cpuOf(this.pids), performance.now()];
    await pause(Number(options.seconds) * 1000);
    const seconds = (performance.now() - start) / 1000;
    const used = ((cpuOf(this.pids) - cpu) / seconds) * 1000;
    const after = await this.counts();
    const each = Object.entries(after).map(([what, count]) => [what, (count - before[what]) / (seconds + 0.2)]);
    return { cpu: used, perSecond: Object.fromEntries(each) };
  }

  async round() {
    const connected = await this.window('off');
    const sending = await this.window('on');
    for (const peer of this.peers) peer.tell('off');
    return { sending: sending.cpu, connected: connected.cpu, messaging: sending.cpu - connected.cpu, perSecond: sending.perSecond };
  }

  stop() {
    for (const peer of this.peers) peer.stop();
  }
}

function print({ medians, ratios, perSecond }) {
  console.log(`\n${['ms of CPU per second', ...VARIANTS, 'ours/rabbitmq'].map((head) => head.padEnd(26)).join('')}`);
  for (const [figure, text] of Object.entries(FIGURES)) {
    const cells = [...VARIANTS.map((variant) => medians[variant][figure]), ratios[figure]];
    console.log(`${text.padEnd(26)}${cells.map((cell) => String(round(cell)).padEnd(26)).join('')}`);
  }
  for (const variant of VARIANTS) console.log(`${variant}, per second: ${Object.entries(perSecond[variant]).map(([what, count]) => `${round(count)} ${what}`).join(', ')}`);
}

async function main() {
  if (options.help) return console.log(HELP);
  const broker = brokers();
  const ours = { host: '127.0.0.1', port: await freePort() };
  const clusters = {
    rabbitmq: await Cluster.start('rabbitmq', { noDelay: true }, broker),
    ours: await Cluster.start('ours', ours, []),
  };
  const rounds = [];
  for (let turn = 0; turn < Number(options.rounds); turn++) {
    const sample = {};
    const order = turn % 2 ? [...VARIANTS].reverse() : VARIANTS;
    for (const variant of order) sample[variant] = await clusters[variant].round();
    rounds.push(sample);
    process.stderr.write('.');
  }
  for (const cluster of Object.values(clusters)) cluster.stop();
  const medianOf = (variant, pick) => median(rounds.map((sample) => pick(sample[variant])));
  const medians = {};
  const perSecond = {};
  for (const variant of VARIANTS) {
    medians[variant] = Object.fromEntries(Object.keys(FIGURES).map((figure) => [figure, medianOf(variant, (one) => one[figure])]));
    const kinds = Object.keys(rounds[0][variant].perSecond);
    perSecond[variant] = Object.fromEntries(kinds.map((kind) => [kind, medianOf(variant, (one) => one.perSecond[kind])]));
  }
  const ratio = (figure) => median(rounds.map(({ ours: mine, rabbitmq }) => mine[figure] / rabbitmq[figure]));
  const ratios = Object.fromEntries(Object.keys(FIGURES).map((figure) => [figure, ratio(figure)]));
  const result = { workers: Number(options.workers), seconds: Number(options.seconds), node: process.version, medians, ratios, perSecond, rounds };
  print(result);
  fs.writeFileSync(options.out, `${JSON.stringify(result, null, 2)}\n`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
