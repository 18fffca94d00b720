'use strict';

// What being watched costs: unary calls with nothing on, with metrics that are
// read every second, and with tracing, in one run. All variants are measured in
// each round, in turning order; the ratios are medians of the rounds' own.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('./arguments');
const { encodedRequest } = require('./codec');
const { median, round } = require('./numbers');
const { Pair } = require('./pair');

const HELP = `npm run bench:observability -- [options]
  --rounds N   rounds (default 15)
  --seconds N  length of one measurement (default 2)
  --out FILE   where the results are written (default bench/results/observability.json)
  --help       this text`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '2' },
    out: { type: 'string', default: path.join(__dirname, 'results', 'observability.json') },
    help: { type: 'boolean', default: false },
  },
});

const VARIANTS = ['off', 'metrics', 'tracing'];
const LOADS = [128, 1];
/** What each may lose of the calls per second at 128 in flight. */
const MAY_LOSE = { metrics: 0.05, tracing: 0.15 };

function start(variant) {
  const preload = path.join(__dirname, 'peers', 'observability.js');
  return Pair.start('ours', { env: { ...process.env, BENCH_OBSERVABILITY: variant, NODE_OPTIONS: `--require "${preload}"` } });
}

async function main() {
  if (options.help) return console.log(HELP);
  if (process.platform !== 'linux') throw new Error('The bench reads /proc: it runs on Linux only');
  const pairs = {};
  for (const variant of VARIANTS) pairs[variant] = await start(variant);
  const request = [...encodedRequest()];
  const run = (variant, inFlight, seconds) => pairs[variant].run({ kind: 'unary', inFlight, request, seconds });
  for (const variant of VARIANTS) await run(variant, 128, 2);
  const summary = [];
  for (const inFlight of LOADS) {
    const rounds = [];
    for (let turn = 0; turn < Number(options.rounds); turn++) {
      const sample = {};
      for (let n = 0; n < VARIANTS.length; n++) {
        const variant = VARIANTS[(turn + n) % VARIANTS.length];
        sample[variant] = await run(variant, inFlight, Number(options.seconds));
      }
      rounds.push(sample);
      process.stderr.write('.');
    }
    const medians = {};
    const toOff = {};
    for (const variant of VARIANTS) {
      const of = (figure) => median(rounds.map((sample) => sample[variant][figure]));
      const ratio = (figure) => median(rounds.map((sample) => sample[variant][figure] / sample.off[figure]));
      medians[variant] = { perSecond: of('perSecond'), p50: of('p50'), p99: of('p99'), cpuPer100k: of('cpuPer100k') };
      if (variant !== 'off') toOff[variant] = { perSecond: ratio('perSecond'), p50: ratio('p50'), cpuPer100k: ratio('cpuPer100k') };
    }
    summary.push({ inFlight, medians, toOff });
  }
  process.stderr.write('\n');
  for (const pair of Object.values(pairs)) pair.stop();
  for (const { inFlight, medians, toOff } of summary) {
    console.log(`\n${inFlight} in flight`);
    for (const variant of VARIANTS) {
      const { perSecond, p50, p99, cpuPer100k } = medians[variant];
      const ratio = toOff[variant] ? `, ${round(toOff[variant].perSecond * 100)} % of the calls, ${round(toOff[variant].cpuPer100k * 100)} % of the CPU` : '';
      console.log(`  ${variant.padEnd(8)} ${round(perSecond)} calls/s, p50 ${round(p50)} µs, p99 ${round(p99)} µs, ${round(cpuPer100k)} CPU s per 100k${ratio}`);
    }
  }
  const [{ toOff }] = summary;
  const holds = Object.entries(MAY_LOSE).every(([variant, share]) => toOff[variant].perSecond >= 1 - share);
  console.log(`\nmetrics may cost 5 %, tracing 15 %, at 128 in flight: ${holds ? 'holds' : 'DOES NOT HOLD'}`);
  const machine = { node: process.version, cpu: os.cpus()[0].model, cores: os.cpus().length };
  const results = { machine, rounds: Number(options.rounds), seconds: Number(options.seconds), requestBytes: request.length, holds, summary };
  fs.writeFileSync(options.out, `${JSON.stringify(results, null, 2)}\n`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
