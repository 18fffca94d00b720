'use strict';

// From nothing to the first reply, as somebody who follows the README: the
// packages installed into an empty folder, and a fresh clone that builds
// everything. What npm and cargo have downloaded before stays in their caches.

const { spawn, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { performance } = require('node:perf_hooks');
const { parseArgs } = require('./arguments');
const { median, round } = require('./numbers');
const { readmeExample } = require('../__test__/support/docs/examples');
const { MAIN, PLATFORM, root } = require('../__test__/support/cli/installation');

const HELP = `npm run bench:new-user -- [options]
  --rounds N   installs into an empty folder (default 5)
  --no-clone   not the fresh clone, whose build takes minutes
  --out FILE   where the results are written (default bench/results/new-user.json)
  --help       this text`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    'no-clone': { type: 'boolean', default: false },
    out: { type: 'string', default: path.join(__dirname, 'results', 'new-user.json') },
    help: { type: 'boolean', default: false },
  },
});

// The variables of the npm that runs this would be taken for the user's.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

/** A command of the user's, and the first line of its output that is a reply. */
class Step {
  /** @param {string} command @param {RegExp} [reply] */
  constructor(command, reply) {
    this.command = command;
    this.reply = reply;
  }

  /** @returns {Promise<number>} when the reply was there, or the command's end, as performance.now() */
  run(cwd) {
    return new Promise((resolve, reject) => {
      const child = spawn(this.command, { cwd, env, shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      let replied = 0;
      const hear = (text) => {
        output += text;
        if (replied === 0 && this.reply?.test(output)) replied = performance.now();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.on('close', (code) => {
        if (code === 0 && (replied > 0 || this.reply === undefined)) resolve(replied || performance.now());
        else reject(new Error(`${this.command}: exit ${code}, ${this.reply ? `awaited ${this.reply}, ` : ''}it printed:\n${output}`));
      });
    });
  }
}

/**
 * @param {Step[]} steps
 * @param {string} cwd
 * @param {number} [since]
 * @returns {Promise<number>} seconds until the last one's reply
 */
async function timed(steps, cwd, since = performance.now()) {
  let until = since;
  for (const step of steps) until = await step.run(cwd);
  return (until - since) / 1000;
}

function emptyFolder() {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-new-user-'));
}

const INSTALL = new Step(`npm install ${path.basename(MAIN)} ${path.basename(PLATFORM)}`);
const INSTALLED = {
  grpc: [INSTALL, new Step('node grpc.js', /^publication of p1$/m)],
  bus: [INSTALL, new Step('node bus.js', /^1 \+ 2 = 3$/m)],
};

/** What the user has: two tarballs, the README's example, and examples/bus.js. */
async function install(kind) {
  const folder = emptyFolder();
  try {
    for (const tarball of [MAIN, PLATFORM]) fs.copyFileSync(tarball, path.join(folder, path.basename(tarball)));
    fs.writeFileSync(path.join(folder, 'grpc.js'), readmeExample().script);
    fs.copyFileSync(path.join(root, 'examples', 'bus.js'), path.join(folder, 'bus.js'));
    return await timed(INSTALLED[kind], folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

const CLONE = [new Step(`git clone --quiet ${JSON.stringify(root)} owt-grpc`), new Step('cd owt-grpc && npm run setup')];

async function clone() {
  const folder = emptyFolder();
  try {
    const since = performance.now();
    const setUp = await timed(CLONE, folder, since);
    const inside = path.join(folder, 'owt-grpc');
    const grpc = await timed([new Step('node examples/hello.js', /^publication of p1$/m)], inside, since);
    const bus = await timed([new Step('node examples/bus.js', /^1 \+ 2 = 3$/m)], inside);
    const again = await timed([new Step('npm run setup')], inside);
    const demo = await timed([new Step('npm run demo -- --quiet', /steps confirmed/)], inside);
    return { setUp, grpc, bus, again, demo };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

const version = (tool) => execFileSync(tool, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' }).trim();

async function main() {
  execFileSync(process.execPath, [path.join(root, 'scripts', 'pack.js')], { stdio: ['ignore', 'ignore', 'inherit'] });
  const seconds = { grpc: [], bus: [] };
  for (let n = 0; n < Number(options.rounds); n++) {
    for (const kind of Object.keys(seconds)) seconds[kind].push(await install(kind));
  }
  const results = {
    date: new Date().toISOString().slice(0, 10),
    machine: { cpus: os.cpus().length, node: process.version, npm: version('npm'), rustc: version('rustc') },
    installed: Object.fromEntries(
      Object.entries(seconds).map(([kind, all]) => [kind, { commands: INSTALLED[kind].map(({ command }) => command), rounds: all.length, seconds: round(median(all)), longest: round(Math.max(...all)) }])
    ),
  };
  if (!options['no-clone']) {
    const { setUp, grpc, bus, again, demo } = await clone();
    results.cloned = {
      commands: ['git clone … owt-grpc', 'npm run setup', 'node examples/hello.js'],
      setUp: round(setUp), firstReplyGrpc: round(grpc), thenOverTheBus: round(bus), setUpAgain: round(again), thenTheDemo: round(demo),
    };
  }
  fs.writeFileSync(options.out, `${JSON.stringify(results, null, 2)}\n`);
  print(results);
}

function print({ installed, cloned }) {
  for (const [kind, { commands, seconds, longest }] of Object.entries(installed)) {
    console.log(`an empty folder, the first reply over ${kind === 'grpc' ? 'gRPC' : 'the bus'}: ${commands.length} commands, ${seconds} s (longest ${longest})`);
  }
  if (cloned === undefined) return;
  console.log(`a fresh clone, the first reply over gRPC: ${cloned.commands.length} commands, ${cloned.firstReplyGrpc} s, of which the build ${cloned.setUp}`);
  console.log(`then over the bus: 1 command, ${cloned.thenOverTheBus} s; the demo's first half confirmed: 1 command, ${cloned.thenTheDemo} s; setup again ${cloned.setUpAgain} s`);
}

if (options.help) console.log(HELP);
else main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
