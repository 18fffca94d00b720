'use strict';

// examples/systemd and examples/docker: what they start is started here, as they say
// it, and systemd and docker-compose read them where those are installed.

const assert = require('node:assert').strict;
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { SETTINGS } = require('../../lib/common/environment');
const { eventually, freePort } = require('../support/bus');
const { cleanEnvironment } = require('../support/cli');
const { installInto, root } = require('../support/docs/markdown');
const { installation, tempFolder, write } = require('../support/cli/owt-tree');

const read = (name) => fs.readFileSync(path.join(root, 'examples', name), 'utf8');
const UNITS = ['owt-grpc-registry.service', 'owt@.service'];
const skip = process.platform === 'win32' && 'these are for Linux';
const without = (program, ...args) => skip || (spawnSync(program, args).error !== undefined && `${program} is not installed`);

/** The values of one key of a unit, in their order. */
const valuesOf = (unit, key) => [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value);

/** What a line of variables sets. */
const assignments = (text) => Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));

/** Starts a command as an operator's init does: the output so far, and the end. */
function started(t, [file, ...args], { cwd, env }) {
  const child = spawn(file, args, { cwd, env: { ...cleanEnvironment(), ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  t.after(() => child.kill('SIGKILL'));
  return { child, output: () => output, ended: once(child, 'exit') };
}

/** The command of a service in the compose file. */
function composed(service, key) {
  const [, body] = new RegExp(`^  ${service}:\\n((?:    .*\\n)+)`, 'm').exec(read('docker/compose.yml'));
  const [, list] = new RegExp(`${key}: \\[(.*)\\]`).exec(body);
  return list.split(', ').map((word) => word.replace(/^"(.*)"$/, '$1'));
}

test('systemd finds nothing wrong with the unit files', { skip: without('systemd-analyze', '--version') }, (t) => {
  const folder = tempFolder(t);
  // It looks whether the program is there.
  for (const name of UNITS) write(folder, { [name.replace('@.', '@portal.')]: read(`systemd/${name}`).replace(/\/usr\/bin\/node/g, process.execPath) });
  const verify = (name) => spawnSync('systemd-analyze', ['verify', path.join(folder, name)], { encoding: 'utf8' });
  for (const name of fs.readdirSync(folder)) {
    const { status, stdout, stderr } = verify(name);
    assert.deepEqual([status, stdout, stderr], [0, '', ''], name);
  }
  write(folder, { 'bad.service': '[Service]\nExecStart=/no/such/program\n' });
  assert.notEqual(verify('bad.service').stderr, '');
});

test('docker-compose reads the compose file', { skip: without('docker-compose', 'version') }, () => {
  const file = path.join(root, 'examples', 'docker', 'compose.yml');
  const config = (env) => spawnSync('docker-compose', ['--file', file, 'config', '--quiet'], { encoding: 'utf8', env: { PATH: process.env.PATH, ...env } });
  const { status, stderr } = config({ OWT_HOME: '/opt/owt' });
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(config({}).stderr, /set it to the folder of the installation/);
});

test('the registry and a module run as their units start them, and end with SIGTERM', { skip, timeout: 60_000 }, async (t) => {
  const owt = installation(t, ['cluster_manager', 'portal']);
  installInto(owt);
  const MODULE = `
    const bus = require('owt-grpc/amqpClient')();
    process.on('SIGTERM', () => bus.disconnect().then(() => process.exit()));
    bus.connect({ host: 'unused' }, () => console.log('joined', ...process.argv.slice(2)), console.error);
  `;
  write(owt, { 'portal/index.js': MODULE });
  const [registry, member] = UNITS.map((name) => read(`systemd/${name}`));
  const port = await freePort();
  const shared = { ...assignments(read('systemd/owt-grpc.env.example')), OWT_GRPC_REGISTRY: `127.0.0.1:${port}`, OWT_GRPC_CLUSTER_SECRET: 'of a test' };
  const here = (text) => text.replace(/\/usr\/bin\/node/g, process.execPath).replace(/\/opt\/owt/g, owt).replace(/0\.0\.0\.0:5680/, `127.0.0.1:${port}`).replace(/%i/g, 'portal');
  const start = (unit, env) => {
    const own = Object.assign({}, ...valuesOf(unit, 'Environment').map((line) => assignments(line.replace(/ /g, '\n'))), env);
    const words = here(valuesOf(unit, 'ExecStart')[0]).replace(/\$(\w+)/g, (_, name) => own[name] ?? '');
    return started(t, words.split(' '), { cwd: here(valuesOf(unit, 'WorkingDirectory')[0]), env: { ...shared, ...own } });
  };
  const standing = start(registry, {});
  await eventually(() => standing.output().includes('listening on'), 'the registry listens');
  const portal = start(member, { ARGUMENTS: '-U portal' });
  await eventually(() => portal.output().includes('joined -U portal'), 'the module has joined');
  for (const { child, ended, output } of [portal, standing]) {
    child.kill('SIGTERM');
    assert.deepEqual((await ended)[0], 0, output());
  }
});

test('the registry runs as the compose file starts it, and its health is what that asks for', { skip, timeout: 60_000 }, async (t) => {
  const folder = tempFolder(t);
  installInto(folder);
  const port = await freePort();
  const here = (words) => words.map((word) => word.replace('/opt/owt', folder).replace(/^(0\.0\.0\.0|127\.0\.0\.1):5680$/, `127.0.0.1:${port}`).replace(/^node$/, process.execPath));
  write(folder, { secret: 'of a test\n' });
  fs.chmodSync(path.join(folder, 'secret'), 0o600);
  const env = { OWT_GRPC_CLUSTER_SECRET_FILE: path.join(folder, 'secret') };
  const registry = started(t, here(composed('registry', 'command')), { cwd: folder, env });
  await eventually(() => registry.output().includes('listening on'), 'the registry listens');
  const [kind, ...check] = here(composed('registry', 'test'));
  assert.equal(kind, 'CMD');
  const health = started(t, check, { cwd: folder, env });
  assert.deepEqual((await health.ended)[0], 0, health.output());
  registry.child.kill('SIGTERM');
  assert.deepEqual((await registry.ended)[0], 0, registry.output());
  const dead = started(t, check, { cwd: folder, env });
  assert.deepEqual((await dead.ended)[0], 1, dead.output());
});

test('the examples of units and containers set variables that there are', () => {
  const texts = [...UNITS, 'owt-grpc.env.example'].map((name) => read(`systemd/${name}`)).concat(read('docker/compose.yml'));
  const names = texts.flatMap((text) => text.match(/\bOWT_GRPC_\w+/g) ?? []);
  assert.ok(names.length > 5);
  for (const name of names) assert.ok(name in SETTINGS, name);
});
