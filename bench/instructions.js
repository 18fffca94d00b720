'use strict';

// How many instructions a call costs, both sides of it, by valgrind's callgrind: this
// build and an earlier one. Start and end of the process cancel out, since a longer
// run is compared with a shorter one. The engine compiles when it likes, so each
// count is the median of several runs.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('./arguments');
const { median } = require('./numbers');

const HELP = `node bench/instructions.js --before DIR [options]     needs valgrind
  --before DIR  the earlier build: a clone of this package in which npm run setup has run
  --runs N      runs of each (default 5)
  --calls N     calls of the longer runs beyond those of the shorter (default 4000)
  --only TEXT   only the kinds whose name contains it
  --help        this text`;

const { values: options } = parseArgs({
  options: {
    before: { type: 'string' },
    runs: { type: 'string', default: '5' },
    calls: { type: 'string', default: '4000' },
    only: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});

const KINDS = ['unary', 'promise', 'bus'].filter((kind) => kind.includes(options.only));
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

function main() {
  if (options.help || options.before === undefined) return console.log(HELP);
  const builds = { before: options.before, now: path.join(__dirname, '..') };
  const out = path.join(os.tmpdir(), `callgrind.${process.pid}`);
  const calls = Number(options.calls);
  try {
    for (const kind of KINDS) {
      const each = { before: [], now: [] };
      for (let run = 0; run < Number(options.runs); run++) {
        for (const [name, folder] of Object.entries(builds)) {
          each[name].push((counted(folder, kind, WARM + calls, out) - counted(folder, kind, WARM, out)) / calls);
        }
      }
      const [before, now] = [median(each.before), median(each.now)];
      console.log(`${kind.padEnd(10)}before ${Math.round(before)}, now ${Math.round(now)} instructions per call: ${(now / before).toFixed(4)}`);
      console.log(`  ${JSON.stringify(each, (_, value) => (typeof value === 'number' ? Math.round(value) : value))}`);
    }
  } finally {
    fs.rmSync(out, { force: true });
  }
}

main();
