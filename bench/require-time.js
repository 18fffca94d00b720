'use strict';

// What `require` costs, in fresh processes that take turns.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('./arguments');
const { median } = require('./numbers');

const HELP = `node bench/require-time.js [options]
  --rounds N   processes of each kind (default 15)
  --amqplib D  another amqplib, the folder of the package
  --out FILE   writes the results as JSON
  --help       this text`;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    amqplib: { type: 'string', default: 'amqplib' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** What each has to load, and has loaded, when the first call can be made. */
const VARIANTS = {
  'owt-grpc': "require('owt-grpc')",
  'owt-grpc with its codec and addon': "require('owt-grpc').createClient('webrtc', 'localhost:1')",
  '@grpc/grpc-js and @grpc/proto-loader': "require('@grpc/grpc-js'); require('@grpc/proto-loader')",
  '@grpc/grpc-js with the proto file loaded':
    "const g = require('@grpc/grpc-js'); const d = require('@grpc/proto-loader').loadSync('proto/owt/webrtc_agent.proto', " +
    "{ keepCase: true, longs: String, enums: String, defaults: true, oneofs: true, includeDirs: ['proto/owt'] }); " +
    "new (g.loadPackageDefinition(d).owt.WebRTCAgent)('localhost:1', g.credentials.createInsecure())",
  'owt-grpc/amqpClient': "require('owt-grpc/amqpClient')",
  amqplib: `require(${JSON.stringify(options.amqplib)})`,
};

function millis(script) {
  const timed = `const { performance } = require('perf_hooks'); const started = performance.now(); ${script}; console.log(performance.now() - started); process.exit(0);`;
  return Number(execFileSync(process.execPath, ['-e', timed], { cwd: path.join(__dirname, '..') }));
}

function main() {
  if (options.help) return console.log(HELP);
  const samples = Object.fromEntries(Object.keys(VARIANTS).map((name) => [name, []]));
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [name, script] of Object.entries(VARIANTS)) samples[name].push(millis(script));
  }
  const medians = Object.fromEntries(Object.entries(samples).map(([name, taken]) => [name, median(taken)]));
  for (const [name, ms] of Object.entries(medians)) console.log(`${name}: ${ms.toFixed(1)} ms`);
  if (options.out) fs.writeFileSync(options.out, `${JSON.stringify({ node: process.version, rounds: Number(options.rounds), medians }, null, 2)}\n`);
}

main();
