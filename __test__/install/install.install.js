'use strict';

// Run by `npm run test:install`, which packs first.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, test } = require('node:test');
const { PRINTS, folder, names, readmeExample, readmePrograms, runs } = require('../support/docs/examples');
const { blocksFor, installInto } = require('../support/docs/markdown');
const { Installation, MAIN, PLATFORM, asModule, root } = require('../support/cli/installation');
const { installation } = require('../support/cli/owt-tree');
const { platformPackage, target } = require('../../lib/crossing/platform');
const { version } = require('../../package.json');
const { glibcOf } = require('../../scripts/packing/glibc');

const here = target();
const installed = new Installation([MAIN, PLATFORM]);
const alone = new Installation([MAIN]);
after(() => {
  installed.remove();
  alone.remove();
});

test('there is no Rust where the package is installed, and nothing of it runs on install', () => {
  for (const tool of ['cargo', 'rustc']) {
    assert.equal(installed.ask(`require('node:child_process').spawnSync('${tool}', ['--version']).error?.code`), 'ENOENT', tool);
  }
  for (const name of ['owt-grpc', platformPackage(here.name)]) {
    const description = JSON.parse(fs.readFileSync(path.join(installed.folder, 'node_modules', name, 'package.json'), 'utf8'));
    assert.equal(description.scripts, undefined, name);
    assert.equal(description.dependencies, undefined, name);
  }
});

const sourceOf = (name) => fs.readFileSync(path.join(folder, name), 'utf8');
/** Those that need no package but ours: the others run in the repository. */
const ownOnly = names.filter((name) => !/require\('(?!owt-grpc|node:)/.test(sourceOf(name)));
/** Rust is in the way of nothing that runs openssl. */
const envOf = (script) => (script.includes('openssl') ? { ...installed.env, PATH: `${installed.env.PATH}${path.delimiter}${process.env.PATH}` } : installed.env);

const scripts = [
  ...readmePrograms().map(({ name, script, lines }) => [`the README's example of ${name}`, script, lines]),
  ...ownOnly.map((name) => [`examples/${name}`, sourceOf(name), PRINTS[name]]),
];

scripts.forEach(([name, script, lines], n) => {
  test(`${name} runs from the installed package as CommonJS`, { timeout: 30_000 }, async (t) => {
    await runs(t, installed.write(`example${n}.cjs`, script), lines, { env: envOf(script) });
  });

  test(`${name} runs from the installed package as ESM`, { timeout: 30_000 }, async (t) => {
    const module = asModule(script);
    assert.doesNotMatch(module, /require\(/);
    await runs(t, installed.write(`example${n}.mjs`, module), lines, { env: envOf(script) });
  });
});

const TYPED = `
  import api, { createClient, status, type owt } from 'owt-grpc';
  import * as tools from 'owt-grpc/grpcTools';
  import amqpClient from 'owt-grpc/amqpClient';

  export async function use(id: string): Promise<string> {
    const client = createClient('webrtc', 'localhost:1');
    const reply: owt.access_agent.PublishReply = await client.publish({ id }, { timeout: 1000 });
    const port: number = await tools.startServer('webrtc', {}, 0);
    amqpClient().asRpcClient((rpc) => rpc.remoteCast('id', 'method', []));
    return reply.id + port + status.OK + new api.Metadata().get('x').length;
  }`;

const typescript = fs.readFileSync(path.join(folder, 'typescript', 'main.ts'), 'utf8');
const programs = { entries: TYPED, example: typescript, readme: asModule(readmeExample().script), wrong: "import { createClient } from 'owt-grpc'; createClient('vido', '');" };

/** What the compiler says, a line for each error, to the programs in the folder of the installation. */
function compile(extension, module, resolution) {
  const files = Object.entries(programs).map(([name, text]) => installed.write(`${name}-${resolution}.${extension}`, text));
  const compilerOptions = {
    strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'esnext.disposable'], module, moduleResolution: resolution, esModuleInterop: true,
    types: ['node'], typeRoots: [path.join(root, 'node_modules', '@types')],
  };
  const project = installed.write(`${resolution}-${extension}.json`, JSON.stringify({ compilerOptions, files }));
  const { stdout } = spawnSync(process.execPath, [path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--project', project], {
    cwd: installed.folder, env: installed.env, encoding: 'utf8',
  });
  return stdout.split('\n').filter((line) => /^\S/.test(line));
}

for (const [kind, ...how] of [
  ['node16, CommonJS', 'cts', 'node16', 'node16'],
  ['node16, ESM', 'mts', 'node16', 'node16'],
  ['bundler', 'ts', 'esnext', 'bundler'],
  ['node10', 'ts', 'commonjs', 'node10'],
]) {
  test(`the README's example, examples/typescript and each entry compile in strict mode, a mistake does not (${kind})`, { timeout: 120_000 }, () => {
    const [error, ...more] = compile(...how);
    assert.match(error, /^wrong-.*"vido"/);
    assert.deepEqual(more, []);
  });
}

test('the commands of the README and of the guide pack the package and install it', (t) => {
  const [pack, install, ...others] = blocksFor('README.md', 'install/install').map((text) => text.trim());
  assert.deepEqual(blocksFor('docs/migrating-from-rabbitmq.md', 'install/install').map((text) => text.trim()), [`cd /opt/owt && ${install}`]);
  assert.deepEqual(others, [], 'a command that is not tested');
  // What has made the tarballs that these tests are about.
  assert.match(require('../../package.json').scripts[pack.replace('npm run ', '')], / node scripts\/pack\.js$/);
  const [program, ...args] = install.split(' ');
  assert.equal(program, 'npm');
  const empty = new Installation([]);
  t.after(() => empty.remove());
  for (const file of [MAIN, PLATFORM]) fs.copyFileSync(file, path.join(empty.folder, path.basename(file)));
  empty.npm(...args.map((arg) => arg.replace('linux-x64-gnu', here.name)), '--offline');
  assert.equal(empty.ask("typeof require('owt-grpc').connectBus"), 'function');
});

test('the command runs by npx', () => {
  assert.match(installed.npm('exec', '--offline', '--', 'owt-grpc', '--help'), /^Usage: owt-grpc <command>/);
});

test('the modules that OWT requires resolve', () => {
  assert.equal(installed.ask("typeof require('owt-grpc/grpcTools').startServer"), 'function');
  assert.equal(installed.ask("typeof require('owt-grpc/amqpClient')().asRpcServer"), 'function');
});

const failure = "(() => { try { require('owt-grpc').createClient('webrtc', 'localhost:1'); } catch (error) { return error.message; } })()";

test('without a package for the platform, the error says what was tried and what to do', () => {
  const name = platformPackage(here.name);
  const message = alone.ask(failure);
  assert.ok(message.startsWith(`owt-grpc has no working native addon for ${here.name} (${here.platform} ${here.arch}`), message);
  if (here.libc) assert.ok(message.includes(here.libc), message);
  assert.ok(message.includes(`owt-grpc.${here.name}.node: no such file; ${name}: not installed. `), message);
  // These tarballs are in no registry, where anything may have their names.
  assert.ok(message.includes(`install ${name}-${version}.tgz from where owt-grpc-${version}.tgz came from. `), message);
  assert.match(message, /If it is not there, .*npm run pack/);
  assert.doesNotMatch(message, /npm install/);
});

test('packages that are in no registry name none that npm would look for there', () => {
  for (const name of ['owt-grpc', platformPackage(here.name)]) {
    const { dependencies, optionalDependencies } = JSON.parse(installed.read(`node_modules/${name}/package.json`));
    assert.deepEqual([dependencies, optionalDependencies], [undefined, undefined], name);
  }
});

test('`owt-grpc swap` asks for a package that is in no registry by where it lies, and for no installation where modules find it', (t) => {
  const owt = installation(t, ['portal']);
  const folder = path.join(installed.folder, 'node_modules', 'owt-grpc');
  // OWT's files are stood in for by others here.
  const command = [path.join(folder, 'bin', 'owt-grpc.js'), 'swap', owt, '--force'];
  assert.match(installed.node(...command), /Run `npm install` in each module, or install owt-grpc in a folder above, and start the modules anew/);
  assert.equal(JSON.parse(fs.readFileSync(path.join(owt, 'portal', 'package.json'), 'utf8')).dependencies['owt-grpc'], `file:${folder.replace(/\\/g, '/')}`);
  installed.node(...command, '--undo');
  installInto(owt);
  assert.match(installed.node(...command), /Start the modules anew/);
});

test('an addon that is for newer systems says so, and how to make one for this one', { skip: here.libc !== 'glibc' && 'is about glibc' }, (t) => {
  const name = `owt-grpc.${here.name}.node`;
  const file = path.join(alone.folder, 'node_modules', 'owt-grpc', name);
  t.after(() => fs.rmSync(file));
  const bytes = fs.readFileSync(path.join(installed.folder, 'node_modules', platformPackage(here.name), name));
  const wanted = `GLIBC_${glibcOf(bytes)}\0`;
  bytes.write('GLIBC_9', bytes.indexOf(wanted), 'latin1');
  fs.writeFileSync(file, bytes);
  assert.match(alone.ask(failure), /version `GLIBC_9\.\d+' not found.*linked for a newer C library than this system has: .*cargo-zigbuild/);
});

test('a platform package of another version is refused', (t) => {
  const file = path.join(installed.folder, 'node_modules', platformPackage(here.name), 'package.json');
  const text = fs.readFileSync(file, 'utf8');
  t.after(() => fs.writeFileSync(file, text));
  fs.writeFileSync(file, JSON.stringify({ ...JSON.parse(text), version: '0.0.9' }));
  assert.match(installed.ask(failure), /its version is 0\.0\.9, that of owt-grpc is /);
});

test('an addon that does not load says why', (t) => {
  const file = path.join(alone.folder, 'node_modules', 'owt-grpc', `owt-grpc.${here.name}.node`);
  t.after(() => fs.rmSync(file));
  fs.writeFileSync(file, 'no library');
  assert.match(alone.ask(failure), new RegExp(`owt-grpc\\.${here.name}\\.node: (?!no such file)\\S.*; .*: not installed`));
});
