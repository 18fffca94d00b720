'use strict';

// What OWT's installations get: OWT's own version of Node.js runs the benches of
// gRPC, of the bus and of `require`, with the amqplib that OWT's modules ask for.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('./arguments');
const { fetched } = require('../scripts/testing/fetched');
const { nodeOf } = require('../scripts/testing/node-versions');

const HELP = `npm run bench:node14 -- [options]     needs RabbitMQ on 127.0.0.1:5672
  --node V     version of Node.js (default 14.19.0)
  --amqplib V  version of amqplib (default 0.7.1)
  --rounds N   rounds (default 9)
  --seconds N  length of one measurement (default 2)
  --out FILE   where the results are written (default bench/results/node14.json)
  --help       this text`;

const { values: options } = parseArgs({
  options: {
    node: { type: 'string', default: '14.19.0' },
    amqplib: { type: 'string', default: '0.7.1' },
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '2' },
    out: { type: 'string', default: path.join(__dirname, 'results', 'node14.json') },
    help: { type: 'boolean', default: false },
  },
});

/** Runs a bench on that Node.js. */
function run(node, script, ...args) {
  const { status } = spawnSync(node, [path.join(__dirname, script), ...args], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${script} ${args.join(' ')} failed on Node.js ${options.node}`);
}

function main() {
  if (options.help) return console.log(HELP);
  const node = nodeOf(options.node);
  const amqplib = fetched(`amqplib@${options.amqplib}`, path.join('amqplib', options.amqplib), path.join('node_modules', 'amqplib'));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-bench-'));
  const file = (name) => path.join(folder, name);
  const read = (name) => JSON.parse(fs.readFileSync(file(name), 'utf8'));
  const long = ['--rounds', options.rounds, '--seconds', options.seconds];
  try {
    run(node, 'bench.js', '--only', 'unary', ...long, '--out', folder);
    run(node, 'bus.js', '--only', 'keepAlive', '--amqplib', amqplib, ...long, '--out', file('bus.json'));
    run(node, 'require-time.js', '--amqplib', amqplib, '--out', file('require.json'));
    const results = { amqplib: options.amqplib, grpc: read('results.json'), bus: read('bus.json'), require: read('require.json') };
    fs.writeFileSync(options.out, `${JSON.stringify(results, null, 2)}\n`);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

main();
