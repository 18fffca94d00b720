'use strict';

// grpc-js, owt-grpc and a native tonic pair under the same loads, in one run:
// each round measures every load with every variant, in turning order. The
// ratios are medians of the rounds' own ratios, so that a machine that gets
// slower during the run slows all variants.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('./arguments');
const { encodedRequest } = require('./codec');
const { chart } = require('./chart');
const { median, round } = require('./numbers');
const { Pair, buildNative } = require('./pair');

const HELP = `npm run bench -- [options]
  --rounds N   rounds (default 5)
  --seconds N  length of one measurement (default 2)
  --only TEXT  only the loads whose name contains it
  --out DIR    where results.json and chart.svg are written (default bench/results)
  --help       this text`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: path.join(__dirname, 'results') },
    help: { type: 'boolean', default: false },
  },
});

const VARIANTS = ['grpc-js', 'ours', 'native'];

const LOADS = [
  { name: 'unary, 1 in flight', kind: 'unary', inFlight: 1 },
  { name: 'unary, 16 in flight', kind: 'unary', inFlight: 16 },
  { name: 'unary, 128 in flight', kind: 'unary', inFlight: 128 },
  { name: 'server stream', kind: 'stream' },
  { name: 'bidi, 128 in flight', kind: 'bidi' },
].filter(({ name }) => name.includes(options.only));

/** What is measured, and its heading. */
const FIGURES = { perSecond: 'calls or messages/s', p50: 'p50 µs', p99: 'p99 µs', cpuPer100k: 'CPU s per 100k', rss: 'RSS MiB' };

async function measureAll(pairs, request) {
  const samples = new Map(LOADS.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const { name, ...load } of LOADS) {
      const sample = {};
      for (let turn = 0; turn < VARIANTS.length; turn++) {
        const variant = VARIANTS[(round + turn) % VARIANTS.length];
        sample[variant] = await pairs[variant].run({ ...load, request, seconds: Number(options.seconds) });
      }
      samples.get(name).push(sample);
      process.stderr.write('.');
    }
  }
  process.stderr.write('\n');
  return samples;
}

function summarize(samples) {
  return [...samples].map(([name, rounds]) => {
    const medianOf = (variant, figure) => median(rounds.map((round) => round[variant][figure]));
    const ratio = (figure, to) => median(rounds.map((round) => round.ours[figure] / round[to][figure]));
    const each = (of) => Object.fromEntries(Object.keys(FIGURES).map((figure) => [figure, of(figure)]));
    return {
      name,
      medians: Object.fromEntries(VARIANTS.map((variant) => [variant, each((figure) => medianOf(variant, figure))])),
      toGrpcJs: each((figure) => ratio(figure, 'grpc-js')),
      toNative: each((figure) => ratio(figure, 'native')),
    };
  });
}

function print(summary) {
  for (const { name, medians, toGrpcJs, toNative } of summary) {
    console.log(`\n${name}`);
    const rows = [...Object.keys(FIGURES)].filter((figure) => medians.ours[figure] > 0);
    console.log(`  ${''.padEnd(20)}${[...VARIANTS, 'ours/grpc-js', 'ours/native'].map((head) => head.padStart(14)).join('')}`);
    for (const figure of rows) {
      const cells = [...VARIANTS.map((variant) => medians[variant][figure]), toGrpcJs[figure], toNative[figure]];
      console.log(`  ${FIGURES[figure].padEnd(20)}${cells.map((cell) => String(round(cell)).padStart(14)).join('')}`);
    }
  }
}

async function main() {
  if (options.help) return console.log(HELP);
  if (process.platform !== 'linux') throw new Error('The bench reads /proc: it runs on Linux only');
  buildNative();
  const pairs = {};
  for (const variant of VARIANTS) pairs[variant] = await Pair.start(variant);
  const bytes = encodedRequest();
  for (const { name: _, ...load } of LOADS) {
    for (const variant of VARIANTS) await pairs[variant].run({ ...load, request: [...bytes], seconds: 1 });
  }
  const samples = await measureAll(pairs, [...bytes]);
  for (const pair of Object.values(pairs)) pair.stop();
  const summary = summarize(samples);
  print(summary);
  const machine = { node: process.version, cpu: os.cpus()[0].model, cores: os.cpus().length };
  fs.mkdirSync(options.out, { recursive: true });
  const results = { machine, rounds: Number(options.rounds), seconds: Number(options.seconds), requestBytes: bytes.length, summary };
  fs.writeFileSync(path.join(options.out, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
  fs.writeFileSync(path.join(options.out, 'chart.svg'), chart(summary));
  console.log(`\n${bytes.length}-byte requests; medians of ${options.rounds} rounds; written to ${path.relative('.', options.out)}`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
