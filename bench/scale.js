'use strict';

// What members cost as they become more: memory of each and of the registry,
// bytes for each that joins, bytes and CPU at rest, memory for each link. In a
// network namespace of its own, whose loopback carries nothing else.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { performance } = require('node:perf_hooks');
const { promisify } = require('node:util');
const { parseArgs } = require('./arguments');
const { round } = require('./numbers');
const { Peer, cpuOf } = require('./processes');
const { usage } = require('./usage');

const pause = promisify(setTimeout);

const HELP = `node bench/scale.js [options]     Linux, as root (network namespaces)
  --members N,N,...  how many (default 10,50,100,200,400)
  --each N           members in one process (default 25)
  --seconds N        of rest that are measured (default 10)
  --help             this text`;

const { values: options } = parseArgs({
  options: {
    members: { type: 'string', default: '10,50,100,200,400' },
    each: { type: 'string', default: '25' },
    seconds: { type: 'string', default: '10' },
    help: { type: 'boolean', default: false },
  },
});

const PORT = 5680;
const INSIDE = 'OWT_GRPC_BENCH_INSIDE';

/** Bytes that loopback has carried, TCP's own included. */
function carried() {
  const line = fs.readFileSync('/proc/self/net/dev', 'utf8').split('\n').find((text) => text.trim().startsWith('lo:'));
  return Number(line.split(':')[1].trim().split(/\s+/)[0]);
}

const kib = (peers) => peers.reduce((sum, { pid }) => sum + usage(pid).rss * 1024, 0);
const all = (peers, command) => Promise.all(peers.map((peer) => peer.ask(command)));

async function measure(members) {
  const registry = await Peer.start('scale.js', ['registry', String(PORT)]);
  const sizes = [];
  for (let left = members; left > 0; left -= Number(options.each)) sizes.push(Math.min(left, Number(options.each)));
  const crowd = [];
  for (const [n, size] of sizes.entries()) crowd.push(await Peer.start('scale.js', ['crowd', String(PORT), String(size), `p${n}`]));
  const single = await Peer.start('scale.js', ['crowd', String(PORT), '1', 'publisher']);
  // What a process is before it has members is not theirs.
  await single.ask('join');
  const [crowdBefore, registryBefore, bytesBefore, cpuBefore, start] = [kib(crowd), kib([registry]), carried(), cpuOf([registry.pid]), performance.now()];
  await all(crowd, 'join');
  const seconds = (performance.now() - start) / 1000;
  await pause(1000);
  const joined = carried() - bytesBefore;
  const registryCpu = cpuOf([registry.pid]) - cpuBefore;
  const result = {
    members,
    'join s': seconds,
    'KiB/join': joined / 1024 / members,
    'registry CPU ms/join': (registryCpu * 1000) / members,
    'KiB/member': (kib(crowd) - crowdBefore) / members,
    'registry KiB/member': (kib([registry]) - registryBefore) / members,
  };
  const everybody = [registry, single, ...crowd].map(({ pid }) => pid);
  const [bytes, cpu] = [carried(), cpuOf(everybody)];
  await pause(Number(options.seconds) * 1000);
  result['rest B/s/member'] = (carried() - bytes) / Number(options.seconds) / members;
  result['rest CPU ms/s/member'] = ((cpuOf(everybody) - cpu) * 1000) / Number(options.seconds) / members;
  const [near, far] = [kib([single]), kib(crowd)];
  await single.ask('publish');
  await pause(1000);
  result['KiB/link, dialer'] = (kib([single]) - near) / members;
  result['KiB/link, dialed'] = (kib(crowd) - far) / members;
  const linked = carried();
  await pause(Number(options.seconds) * 1000);
  result['rest B/s/link'] = (carried() - linked) / Number(options.seconds) / members - result['rest B/s/member'];
  for (const peer of [single, ...crowd, registry]) await peer.ended();
  return result;
}

async function main() {
  if (options.help) return console.log(HELP);
  if (process.env[INSIDE] !== '1') {
    const inside = ['-n', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', process.execPath, ...process.argv.slice(1)];
    const { status, error } = spawnSync('unshare', inside, { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } });
    if (error) console.error(`no network namespace: ${error.message}`);
    process.exitCode = status ?? 1;
    return;
  }
  const results = [];
  for (const members of options.members.split(',').map(Number)) results.push(await measure(members));
  const columns = Object.keys(results[0]);
  console.log(columns.join(' | '));
  for (const result of results) console.log(columns.map((column) => String(round(result[column])).padStart(column.length)).join(' | '));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
