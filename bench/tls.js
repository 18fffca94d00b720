'use strict';

// grpc-js and owt-grpc over mutual TLS with the certificates of OWT's guide, in one
// run: unary calls, and connections that are made for one call each.

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('./arguments');
const { median, round } = require('./numbers');
const { Pair } = require('./pair');
const { Workshop } = require('../__test__/support/tls/certificates');

const HELP = `npm run bench:tls -- [options]
  --rounds N       rounds (default 5)
  --seconds N      length of one measurement of calls (default 2)
  --handshakes N   connections in one measurement (default 1000)
  --bits N         of the RSA keys (default 4096, as in the guide)
  --out FILE       where the results are written (default bench/results/tls.json)
  --help           this text`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    handshakes: { type: 'string', default: '1000' },
    bits: { type: 'string', default: '4096' },
    out: { type: 'string', default: path.join(__dirname, 'results', 'tls.json') },
    help: { type: 'boolean', default: false },
  },
});

const VARIANTS = ['grpc-js', 'ours'];
const seconds = Number(options.seconds);
const count = Number(options.handshakes);

const LOADS = [
  { name: 'unary, 128 in flight', kind: 'unary', inFlight: 128, seconds },
  { name: 'unary, 1 in flight', kind: 'unary', inFlight: 1, seconds },
  { name: `${count} connections of clients with the same credentials`, kind: 'handshakes', count, seconds: 0 },
  { name: `${count} connections of clients that share nothing`, kind: 'handshakes', count, lonely: true, seconds: 0 },
];

const FIGURES = { perSecond: 'per second', p50: 'p50 µs', p99: 'p99 µs', cpuPer100k: 'CPU s per 100k' };

async function main() {
  if (options.help) return console.log(HELP);
  if (process.platform !== 'linux') throw new Error('The bench reads /proc: it runs on Linux only');
  const workshop = await new Workshop().guide({ bits: options.bits });
  const surroundings = { cwd: workshop.folder, env: { ...process.env, ...workshop.environment() } };
  const samples = LOADS.map(() => /** @type {any[]} */ ([]));
  for (let turn = 0; turn < Number(options.rounds); turn++) {
    for (const [n, { name: _, ...load }] of LOADS.entries()) {
      const sample = /** @type {any} */ ({});
      for (const variant of turn % 2 === 0 ? VARIANTS : [...VARIANTS].reverse()) {
        // New processes for each: the client of a handshake load is used up.
        const pair = await Pair.start(variant, surroundings);
        if (load.kind === 'unary') await pair.run({ ...load, seconds: 1 });
        sample[variant] = await pair.run(load);
        pair.stop();
      }
      samples[n].push(sample);
      process.stderr.write('.');
    }
  }
  const summary = LOADS.map(({ name }, n) => summarize(name, samples[n]));
  summary.forEach(print);
  const results = { node: process.version, bits: Number(options.bits), rounds: Number(options.rounds), summary };
  fs.writeFileSync(options.out, `${JSON.stringify(results, null, 2)}\n`);
}

/**
 * @param {string} name
 * @param {any[]} rounds
 */
function summarize(name, rounds) {
  const each = (/** @type {(figure: string) => any} */ of) => Object.fromEntries(Object.keys(FIGURES).map((figure) => [figure, of(figure)]));
  const medians = Object.fromEntries(VARIANTS.map((variant) => [variant, each((figure) => median(rounds.map((one) => one[variant][figure])))]));
  return { name, medians, toGrpcJs: each((figure) => median(rounds.map((one) => one.ours[figure] / one['grpc-js'][figure]))) };
}

/** @param {{ name: string, medians: any, toGrpcJs: any }} load */
function print({ name, medians, toGrpcJs }) {
  console.log(`\n${name}\n  ${['', ...VARIANTS, 'ours/grpc-js'].map((head) => head.padEnd(18)).join('')}`);
  for (const [figure, heading] of Object.entries(FIGURES)) {
    const cells = [...VARIANTS.map((variant) => medians[variant][figure]), toGrpcJs[figure]];
    console.log(`  ${heading.padEnd(18)}${cells.map((cell) => String(round(cell)).padEnd(18)).join('')}`);
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
