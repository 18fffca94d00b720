'use strict';

// How long until a module is there: from `require` to a served id, in fresh
// processes, over RabbitMQ, over the bus where a registry is, and as the process
// that makes one. Then: the registry's host is killed; when is a registration
// that is made at that moment in effect, and do members that know each other
// notice?

const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { parseArgs } = require('./arguments');
const { median, round } = require('./numbers');
const { Peer } = require('./processes');
const { freePort } = require('../__test__/support/bus');

const pause = promisify(setTimeout);

const HELP = `npm run bench:startup -- [options]     needs RabbitMQ on 127.0.0.1:5672
  --starts N  processes of each kind (default 25)
  --kills N   hosts that are killed (default 15)
  --out FILE  where the results are written (default bench/results/startup.json)
  --help      this text`;

const { values: options } = parseArgs({
  options: {
    starts: { type: 'string', default: '25' },
    kills: { type: 'string', default: '15' },
    out: { type: 'string', default: path.join(__dirname, 'results', 'startup.json') },
    help: { type: 'boolean', default: false },
  },
});

/** How long calls are watched before a kill and after it, in ms. */
const WATCHED = 2000;

const KINDS = {
  'ours, a registry is there': (registry) => ['ours', { host: '127.0.0.1', port: registry }],
  'ours, as the first process': async () => ['ours', { host: '127.0.0.1', port: await freePort() }],
  rabbitmq: () => ['rabbitmq', { noDelay: true }],
};

const summary = (values) => ({ median: median(values), shortest: Math.min(...values), longest: Math.max(...values), count: values.length });

async function starts() {
  const port = await freePort();
  const host = await Peer.start('takeover.js', [`127.0.0.1:${port}`, 'host']);
  const samples = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, []]));
  for (let n = 0; n < Number(options.starts); n++) {
    for (const [kind, how] of Object.entries(KINDS)) {
      const [backEnd, connect] = await how(port);
      const peer = await Peer.start('startup.js', [backEnd, JSON.stringify(connect), `bench-${process.pid}-${n}`]);
      samples[kind].push(JSON.parse(peer.first));
      await peer.ended();
    }
    process.stderr.write('.');
  }
  host.stop();
  return Object.fromEntries(
    Object.entries(samples).map(([kind, all]) => [kind, { served: summary(all.map(({ served }) => served)), required: summary(all.map(({ required }) => required)) }])
  );
}

const now = () => Number(process.hrtime.bigint() / 1000n) / 1000;

async function kill() {
  const registry = `127.0.0.1:${await freePort()}`;
  const host = await Peer.start('takeover.js', [registry, 'host']);
  const running = await Peer.start('takeover.js', [registry, 'running']);
  const caller = await Peer.start('takeover.js', [registry, 'caller']);
  await pause(WATCHED + 500);
  const killed = now();
  host.child.kill('SIGKILL');
  const [served, answered] = (await Promise.all([running.ask('serve new'), caller.ask('call new')])).map(Number);
  await pause(WATCHED);
  const gap = async (from, to) => JSON.parse(await caller.ask(`gap ${JSON.stringify([from, to])}`));
  const before = await gap(killed - WATCHED, killed);
  const after = await gap(killed, killed + WATCHED);
  running.stop();
  caller.stop();
  return { effective: served - killed, called: answered - killed, gapBefore: before.gap, gapAfter: after.gap, calls: after.calls, failed: after.failed };
}

function print(result) {
  console.log('\nfrom require to a served id, ms');
  for (const [kind, { served, required }] of Object.entries(result.starts)) {
    console.log(`  ${kind.padEnd(28)} median ${round(served.median)} (${round(served.shortest)} to ${round(served.longest)}), of that require ${round(required.median)}`);
  }
  console.log('\nthe host of the registry is killed, ms');
  for (const [what, { median: middle, shortest, longest }] of Object.entries(result.kills)) {
    console.log(`  ${what.padEnd(66)} median ${round(middle)} (${round(shortest)} to ${round(longest)})`);
  }
  console.log(`  calls that failed: ${result.failed}`);
}

async function main() {
  if (options.help) return console.log(HELP);
  const started = await starts();
  const kills = [];
  for (let n = 0; n < Number(options.kills); n++) {
    kills.push(await kill());
    process.stderr.write('.');
  }
  const of = (figure) => summary(kills.map((one) => one[figure]));
  const result = {
    node: process.version,
    starts: started,
    kills: {
      'until a registration made at that moment is in effect': of('effective'),
      'until another member has called what was registered': of('called'),
      'longest time without a reply between known members, before': of('gapBefore'),
      'longest time without a reply between known members, after': of('gapAfter'),
    },
    failed: kills.reduce((sum, { failed }) => sum + failed, 0),
  };
  print(result);
  fs.writeFileSync(options.out, `${JSON.stringify(result, null, 2)}\n`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
