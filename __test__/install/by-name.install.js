'use strict';

// Run by `npm run test:install`, which packs first. What a release publishes, and
// what then is installed by its name: by the newest npm, and on the oldest Node.js
// that OWT has by the npm that came with it. npm 6 knows nothing of `libc` in a
// package.json, so that it brings the packages of both C libraries.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { PRINTS, folder, readmePrograms, runs } = require('../support/docs/examples');
const { Installation, MAIN, PLATFORM, asModule } = require('../support/cli/installation');
const { Release } = require('../support/system/release');
const { platformPackage, target } = require('../../lib/crossing/platform');
const { version } = require('../../package.json');
const { platforms } = require('../../scripts/pack');
const { nodeOf } = require('../../scripts/testing/node-versions');
const { npmOf } = require('../../scripts/testing/npm-versions');

/** Those whose binaries npm carries. Node.js 14.19.0 came with npm 6.14.16, 14.21.3 with 6.14.18. */
const OLD = { 'linux-x64-gnu': ['14.19.0', '6.14.16'], 'linux-arm64-gnu': ['14.21.3', '6.14.18'] };

const here = target();
const anywhere = { skip: spawnSync('bash', ['-c', 'true']).status !== 0 && 'the release publishes by bash' };
const options = { skip: OLD[here.name] === undefined && `npm carries no old Node.js for ${here.name}` };

/** @type {Release} */
let release;
before(async () => {
  if (anywhere.skip) return;
  release = new Release();
  await release.open();
});
after(() => release && release.close());

const loaded = "(require('owt-grpc').createClient('webrtc', 'localhost:1').close(), Object.keys(require.cache).filter((file) => file.endsWith('.node')).map((file) => require('path').basename(file)))";

test('npm would publish each package', anywhere, () => {
  const names = [...platforms.map(platformPackage), 'owt-grpc'];
  assert.deepEqual(release.tarballs.map((file) => path.basename(file)), names.map((name) => `${name}-${version}.tgz`));
  release.tarballs.forEach((tarball, n) => assert.equal(release.rehearse(tarball).trim(), `+ ${names[n]}@${version}`));
});

test('the release publishes all, owt-grpc last, and each once', anywhere, () => {
  const said = release.publish().trim().split('\n');
  assert.deepEqual(said.slice(0, -1).sort(), platforms.map((name) => `+ ${platformPackage(name)}@${version}`).sort());
  assert.equal(said[said.length - 1], `+ owt-grpc@${version}`);
  assert.equal(release.publish(), '');
});

test('what is published is installed by its name, with the addon for this platform only', anywhere, (t) => {
  const installed = new Installation(['owt-grpc'], { env: release.env, args: [] });
  t.after(() => installed.remove());
  assert.deepEqual(installed.packages(), ['owt-grpc', platformPackage(here.name)]);
  assert.deepEqual(installed.ask(loaded), [`owt-grpc.${here.name}.node`]);
});

test('what is published says by which name npm installs the addon, or that no package has it', anywhere, (t) => {
  const without = new Installation(['owt-grpc'], { env: release.env, args: ['--omit=optional'] });
  t.after(() => without.remove());
  const failure = "(() => { try { require('owt-grpc').createClient('webrtc', 'localhost:1'); } catch (error) { return error.message; } })()";
  assert.ok(without.ask(failure).includes(`"npm install ${platformPackage(here.name)}@${version}" installs it`));
  const elsewhere = without.ask(`(() => { Object.defineProperty(process, 'arch', { value: 'riscv64' }); return ${failure}; })()`);
  assert.match(elsewhere, /riscv64.*No package has it ready-made\. .*npm run pack/);
});

/** @type {any} */
let tools;
/** @type {Installation} */
let byName;
after(() => byName && byName.remove());

test('npm 6 installs what is published by its name', options, () => {
  const [node, npm] = OLD[here.name];
  tools = { node: nodeOf(node), ...npmOf(npm) };
  byName = new Installation(['owt-grpc'], { tools, env: release.env, args: [] });
  assert.match(byName.npm('--version'), /^6\.14\./);
  assert.match(byName.node('--version'), /^v14\./);
});

test('npm 6 brings the packages of both C libraries, and the one that loads is taken', options, () => {
  const both = ['gnu', 'musl'].map((libc) => platformPackage(`${here.platform}-${here.arch}-${libc}`));
  assert.deepEqual(byName.packages(), ['owt-grpc', ...both]);
  assert.deepEqual(byName.ask(loaded), [`owt-grpc.${here.name}.node`]);
});

test('npm 6 writes a lock file of version 1, and installs by it', options, () => {
  const lock = JSON.parse(byName.read('package-lock.json'));
  assert.equal(lock.lockfileVersion, 1);
  assert.equal(lock.dependencies['owt-grpc'].version, version);
  assert.equal(lock.dependencies[platformPackage(here.name)].optional, true);
  byName.npm('ci', '--no-audit', '--no-fund');
  assert.deepEqual(byName.ask(loaded), [`owt-grpc.${here.name}.node`]);
});

test('the newest npm installs by npm 6\'s lock file, too', options, (t) => {
  const newer = new Installation([], { env: release.env });
  t.after(() => newer.remove());
  for (const name of ['package.json', 'package-lock.json']) newer.write(name, byName.read(name));
  newer.npm('ci', '--no-audit', '--no-fund');
  assert.deepEqual(newer.ask(loaded), [`owt-grpc.${here.name}.node`]);
});

test('npm 6 installs the tarballs by the README\'s command, whatever a registry has', options, (t) => {
  const installed = new Installation([], { tools, env: release.env });
  t.after(() => installed.remove());
  for (const file of [MAIN, PLATFORM]) fs.copyFileSync(file, path.join(installed.folder, path.basename(file)));
  // A registry that knows nothing of the package, as before a release.
  installed.npm('install', '--registry', `${release.url}nothing/`, '--no-audit', '--no-fund', ...[MAIN, PLATFORM].map((file) => `./${path.basename(file)}`));
  assert.deepEqual(installed.packages(), ['owt-grpc', platformPackage(here.name)]);
  assert.deepEqual(installed.ask(loaded), [`owt-grpc.${here.name}.node`]);
  installed.npm('ci', '--registry', `${release.url}nothing/`, '--no-audit', '--no-fund');
  assert.deepEqual(installed.ask(loaded), [`owt-grpc.${here.name}.node`]);
});

test('npx of npm 6 and the link in node_modules/.bin run the command', options, () => {
  const usage = /^Usage: owt-grpc <command>/;
  assert.match(byName.npx('--no-install', 'owt-grpc', '--help'), usage);
  assert.match(byName.node(path.join('node_modules', '.bin', 'owt-grpc'), '--help'), usage);
});

test('the entries of the package resolve, and nothing else of it', options, () => {
  const types = ['owt-grpc', 'owt-grpc/grpcTools', 'owt-grpc/amqpClient', 'owt-grpc/package.json'].map((entry) => byName.ask(`typeof require('${entry}')`));
  assert.deepEqual(types, ['object', 'object', 'function', 'object']);
  const inner = "(() => { try { require('owt-grpc/lib/grpc/client/client'); } catch (error) { return error.code; } })()";
  assert.equal(byName.ask(inner), 'ERR_PACKAGE_PATH_NOT_EXPORTED');
});

const scripts = [
  ...readmePrograms().map(({ name, script, lines }) => [`the README's example of ${name}`, script, lines]),
  ...['hello.js', 'bus.js', 'amqpclient.js', 'grpctools.js'].map((name) => [`examples/${name}`, fs.readFileSync(path.join(folder, name), 'utf8'), PRINTS[name]]),
];

scripts.forEach(([name, script, lines], n) => {
  for (const [kind, extension, text] of [['CommonJS', 'cjs', script], ['ESM', 'mjs', asModule(script)]]) {
    test(`${name} runs as ${kind} on the old Node.js`, { ...options, timeout: 30_000 }, async (t) => {
      await runs(t, byName.write(`example${n}.${extension}`, text), lines, { env: byName.env, node: tools.node });
    });
  }
});
