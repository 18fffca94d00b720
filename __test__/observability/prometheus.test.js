'use strict';

// OWT_GRPC_METRICS: metrics of modules that ask for none, and a real Prometheus that
// reads those of the demo where it is installed.

const assert = require('node:assert').strict;
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { eventually, freePort } = require('../support/bus');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { cleanEnvironment } = require('../support/cli');
const { request } = require('../support/net/http');
const { blocksFor, root } = require('../support/docs/markdown');
const { tempFolder } = require('../support/cli/owt-tree');
const { freeRange, taken } = require('../support/bus/ports');
const { parse, value } = require('../support/watching');
const { CountsByMethod, MOST, OTHERS } = require('../../lib/observability/method-counts');

const [SETTING, CONFIG] = blocksFor('docs/observability.md', 'observability/prometheus');
const VARIABLE = /export (\w+)=/.exec(SETTING)[1];

/** Runs a program that prints `ready` and goes on until it is killed. */
async function running(t, program, env) {
  // One that forks itself needs a file.
  const file = path.join(tempFolder(t), 'program.js');
  fs.writeFileSync(file, program.replace(/require\('\.'\)/g, `require(${JSON.stringify(root)})`));
  const child = spawn(process.execPath, [file], { cwd: root, env: cleanEnvironment(env) });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  t.after(async () => {
    const ended = once(child, 'exit');
    if (child.kill('SIGKILL')) await ended;
  });
  await eventually(() => output.includes('ready') || child.exitCode !== null, 'it has begun');
  return () => output;
}

const read = async (port) => parse((await request(`http://127.0.0.1:${port}/metrics`)).text);

/** A member that calls itself. */
const MEMBER = `
  const { connectBus } = require('.');
  connectBus({ registry: process.env.AT }).then(async (bus) => {
    await bus.serve('room-1', { join: () => 1 });
    await bus.call('room-1', 'join');
    console.log('ready');
  });
`;

test('each process serves its metrics at the next free port, by id and method, and goes on where none is free', { timeout: 60_000 }, async (t) => {
  const { first, last, range } = await freeRange(3);
  await taken(t, first + 1);
  const env = { [VARIABLE]: `127.0.0.1:${range}`, AT: `127.0.0.1:${await freePort()}`, OWT_GRPC_LOG: 'warn' };
  await running(t, MEMBER.replace(/room-1/g, 'room-0'), env);
  await eventually(async () => (await read(first).catch(() => null)) !== null, 'the first has the first port');
  await running(t, MEMBER, env);
  await eventually(async () => (await read(last).catch(() => null)) !== null, 'the second has the next that is free');
  const all = await read(last);
  assert.equal(value(all, 'owt_grpc_bus_method_calls_ended_total', { id: 'room-1', method: 'join', outcome: 'OK' }), 1);
  assert.equal(value(all, 'owt_grpc_bus_method_requests_ended_total', { id: 'room-1', method: 'join', outcome: 'OK' }), 1);
  assert.ok(value(all, 'owt_grpc_bus_method_calls_seconds_total', { id: 'room-1', method: 'join' }) > 0);
  const third = await running(t, MEMBER.replace(/room-1/g, 'room-2'), env);
  assert.match(third(), /ready/);
  await eventually(() => third().includes(`none of the ports ${range} on 127.0.0.1, which ${VARIABLE} names, is free`), 'it says so');
});

test('what OWT_GRPC_METRICS says and cannot be is an error that names it, for clients, servers and members', async (t) => {
  const program = `
    const { Server, connectBus, createClient } = require('.');
    const said = (error) => console.log(error.name + ': ' + error.message);
    try { createClient('webrtc', 'localhost:1'); } catch (error) { said(error); }
    new Server().listen('127.0.0.1:0').catch(said).then(() => connectBus().catch(said)).then(() => console.log('ready'));
  `;
  for (const [text, why] of [
    ['9700', 'is a port without a host'],
    ['9700-9799', 'is ports without a host'],
    ['127.0.0.1', 'has no port'],
    ['127.0.0.1:9799-9700', 'is not a range of ports'],
  ]) {
    const output = await running(t, program, { [VARIABLE]: text });
    const lines = output().trim().split('\n').slice(0, -1);
    assert.equal(lines.length, 3, output());
    for (const line of lines) assert.match(line, new RegExp(`^TypeError: ${VARIABLE}.*(${why})`));
  }
});

test('workers of node:cluster have metrics of their own', { timeout: 60_000 }, async (t) => {
  const { first, range } = await freeRange(2);
  const program = `
    const cluster = require('node:cluster');
    if (cluster.isPrimary ?? cluster.isMaster) for (let n = 0; n < 2; n++) cluster.fork();
    else { const client = require('.').createClient('webrtc', 'localhost:1'); client.publish({}).catch(() => {}); console.log('ready'); setInterval(() => {}, 1000); }
  `;
  await running(t, program, { [VARIABLE]: `127.0.0.1:${range}` });
  for (const port of [first, first + 1]) await eventually(async () => (await read(port).catch(() => null)) !== null, `a worker has ${port}`);
});

test('ids and methods are counted apart up to a bound, and together beyond it', () => {
  const counts = new CountsByMethod(['OK', 'FAILED']);
  for (let n = 0; n < MOST + 50; n++) counts.of(`id-${n % 500}`, `method-${n}`).end(n % 2, 0.5);
  const all = counts.all();
  assert.equal(all.length, MOST + 1);
  const others = all.find(({ labels }) => labels.id === OTHERS);
  assert.deepEqual([others.labels.method, others.outcomes, others.seconds], [OTHERS, [25, 25], 25]);
  // Those that are known stay.
  counts.of('id-3', 'method-3').end(0, 1);
  assert.deepEqual(counts.of('id-3', 'method-3').outcomes, [1, 1]);
  assert.equal(counts.all().length, MOST + 1);
});

test('metrics say when the certificates that are shown expire', { skip: !hasOpenssl && 'openssl is not installed' }, async (t) => {
  const workshop = new Workshop();
  const tls = { ca: workshop.ca(), ...workshop.leaf('localhost') };
  const { first, range } = await freeRange(1);
  const program = `new (require('.').Server)({ tls: ${JSON.stringify({ ca: tls.ca, cert: tls.cert, key: tls.key })} }).listen('127.0.0.1:0').then(() => console.log('ready'), console.error);`;
  const output = await running(t, program, { [VARIABLE]: `127.0.0.1:${range}` });
  assert.match(output(), /ready/);
  await eventually(async () => (await read(first).catch(() => null)) !== null, 'it is served');
  const all = await read(first);
  const { stdout } = spawnSync('openssl', ['x509', '-noout', '-enddate', '-in', tls.cert], { encoding: 'utf8' });
  const expected = Date.parse(/notAfter=(.*)/.exec(stdout)[1]) / 1000;
  assert.equal(value(all, 'owt_grpc_certificate_expiry_timestamp_seconds', { role: 'server', file: tls.cert }), expected);
});

const hasPrometheus = spawnSync('prometheus', ['--version']).error === undefined;

test('a Prometheus reads the processes of the demo, by id and method', { skip: !hasPrometheus && 'prometheus is not installed', timeout: 120_000 }, async (t) => {
  const folder = tempFolder(t);
  const { first, last, range } = await freeRange(12);
  const targets = Array.from({ length: last - first + 1 }, (_, n) => `'127.0.0.1:${first + n}'`).join(', ');
  fs.writeFileSync(path.join(folder, 'prometheus.yml'), `global:\n  scrape_interval: 1s\n${CONFIG.replace(/targets: \[.*\]/, `targets: [${targets}]`)}`);
  const port = await freePort();
  const prometheus = spawn('prometheus', [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  prometheus.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  const children = [prometheus];
  t.after(async () => {
    for (const child of children) {
      const ended = once(child, 'exit');
      if (child.exitCode === null && child.kill('SIGTERM')) await ended;
    }
  });
  /** What a query has found, by the labels of each. */
  const query = async (expression) => {
    const { text: body } = await request(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { status, data, error } = JSON.parse(body);
    assert.equal(status, 'success', error);
    return data.result.map(({ metric, value: [, number] }) => ({ ...metric, number: Number(number) }));
  };
  const finds = (text, isIt) => eventually(async () => {
    assert.equal(prometheus.exitCode, null, said);
    return (await query(text).catch(() => [])).some(isIt);
  }, text, 60_000);
  // Its first look at the targets comes some seconds after its start, and the demo may be over by then.
  await finds('count(up)', ({ number }) => number === last - first + 1);
  children.push(spawn(process.execPath, ['examples/demo/demo.js', '--bus', '--quiet', '--seconds', '60'], { cwd: root, env: cleanEnvironment({ [VARIABLE]: `127.0.0.1:${range}` }), stdio: 'ignore' }));
  await finds('count(last_over_time(owt_grpc_build_info[1m]))', ({ number }) => number >= 4);
  await finds('sum by (id, method) (last_over_time(owt_grpc_bus_method_requests_ended_total{outcome="OK"}[1m]))', ({ id, method, number }) => id !== undefined && method === 'keepAlive' && number > 0);
  await finds('sum(last_over_time(owt_grpc_bus_calls_seconds_count[1m]))', ({ number }) => number > 10);
  await finds('last_over_time(owt_grpc_event_loop_utilization[1m])', ({ number }) => number > 0 && number < 1);
});
