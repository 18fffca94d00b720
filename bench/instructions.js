'use strict';

// How many instructions a call or a message of a stream costs, both sides of it, by
// valgrind's callgrind: this build and an earlier one. Start and end of the process
// cancel out, since a longer run is compared with a shorter one. The engine compiles
// when it likes, so each count is the median of several runs.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('./arguments');
const { median } = require('./numbers');

const HELP = `node bench/instructions.js --before DIR [options]     needs valgrind
  --before DIR  the earlier build: a clone of this package in which npm run setup has run
  --name TEXT   what it is called in the results (default its folder's name)
  --runs N      runs of each (default 5)
  --calls N     calls of the longer runs beyond those of the shorter (default 4000); of a
                stream's messages there are five times as many
  --only TEXT   only the kinds whose name contains it
  --out FILE    where the results are written (default: nowhere)
  --help        this text`;

const { values: options } = parseArgs({
  options: {
    before: { type: 'string' },
    name: { type: 'string' },
    runs: { type: 'string', default: '5' },
    calls: { type: 'string', default: '4000' },
    only: { type: 'string', default: '' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** How many there are of each kind for one call: a message costs less. */
const KINDS = { unary: 1, promise: 1, stream: 5, bidi: 1, bus: 1 };
/** So many calls are made before what is called is compiled for good. */
const WARM = 8000;
/** What makes one run like another: one thread of the engine, its chances fixed. */
const STEADY = ['--single-threaded', '--hash-seed=1', '--random-seed=1', '--no-concurrent-recompilation'];

function counted(folder, kind, calls, out) {
  const script = path.join(__dirname, 'peers', 'counted.js');
  const { status, stderr } = spawnSync('valgrind', ['--tool=callgrind', `--callgrind-out-file=${out}`, process.execPath, ...STEADY, script, folder, kind, String(calls)], { encoding: 'utf8' });
  const collected = /Collected : (\d+)/.exec(stderr);
  if (status !== 0 || collected === null) throw new Error(`valgrind ended with ${status}: ${stderr}`);
  return Number(collected[1]);
}

/** What one costs with each build, once for each run. */
function measured(kind, builds, out) {
  const warm = WARM * KINDS[kind];
  const more = Number(options.calls) * KINDS[kind];
  const each = { before: [], now: [] };
  for (let run = 0; run < Number(options.runs); run++) {
    for (const [name, folder] of Object.entries(builds)) {
      each[name].push(Math.round((counted(folder, kind, warm + more, out) - counted(folder, kind, warm, out)) / more));
    }
  }
  return each;
}

function main() {
  if (options.help || options.before === undefined) return console.log(HELP);
  const builds = { before: options.before, now: path.join(__dirname, '..') };
  const out = path.join(os.tmpdir(), `callgrind.${process.pid}`);
  const kinds = [];
  try {
    for (const kind of Object.keys(KINDS).filter((name) => name.includes(options.only))) {
      const each = measured(kind, builds, out);
      const [before, now] = [median(each.before), median(each.now)];
      const ratio = Number((now / before).toFixed(4));
      kinds.push({ kind, before, now, ratio, runs: each });
      console.log(`${kind.padEnd(10)}before ${before}, now ${now} instructions: ${ratio}`);
    }
  } finally {
    fs.rmSync(out, { force: true });
  }
  if (options.out === undefined) return;
  const about = { before: options.name ?? path.basename(path.resolve(options.before)), node: process.version, calls: Number(options.calls) };
  fs.writeFileSync(options.out, `${JSON.stringify({ ...about, kinds }, null, 2)}\n`);
}

main();
