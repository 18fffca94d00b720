'use strict';

// Run by `npm run test:arm64`, which builds and packs first: the packages for
// Linux arm64, installed by npm and used on an emulated processor.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const { PRINTS, folder, runs } = require('../support/docs/examples');
const { Installation } = require('../support/cli/installation');
const { OLDEST, glibcOf, isNewer } = require('../../scripts/packing/glibc');
const { nodeOf } = require('../../scripts/testing/node-versions');
const { npmOf } = require('../../scripts/testing/npm-versions');

/** The newest of the oldest that OWT uses (npm carries no 14.19 for arm64) with its npm, and the one that this npm is for. */
const VERSIONS = { '14.21.3': npmOf('6.14.18'), 20: { npm: process.env.npm_execpath, npx: '' } };
const EXAMPLES = ['hello.js', 'streams.js', 'cancel.js', 'bus.js', 'grpctools.js', 'amqpclient.js'];

const tarballs = process.env.OWT_GRPC_ARM64_TARBALLS.split(path.delimiter);
const programs = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-arm64-'));
after(() => fs.rmSync(programs, { recursive: true, force: true }));

/** A program that is Node.js for arm64. */
function emulated(version) {
  const program = path.join(programs, `node-${version}`);
  fs.writeFileSync(program, `#!/bin/sh\nexec ${process.env.OWT_GRPC_EMULATOR} ${nodeOf(version, 'arm64')} "$@"\n`, { mode: 0o755 });
  return program;
}

for (const [version, npm] of Object.entries(VERSIONS)) {
  const node = emulated(version);
  /** @type {Installation} */
  let installed;
  after(() => installed && installed.remove());

  test(`npm installs the packages on Node.js ${version} for arm64, for glibc ${OLDEST} and newer`, { timeout: 300_000 }, () => {
    installed = new Installation(tarballs, { tools: { node, ...npm } });
    assert.equal(installed.ask('process.arch'), 'arm64');
    const [glibc] = installed.packages().filter((name) => name !== 'owt-grpc').map((name) => {
      const { main } = JSON.parse(installed.read(`node_modules/${name}/package.json`));
      return glibcOf(fs.readFileSync(path.join(installed.folder, 'node_modules', name, main)));
    });
    assert.ok(!isNewer(glibc, OLDEST), glibc);
  });

  for (const name of EXAMPLES) {
    test(`examples/${name} runs from the installed packages on Node.js ${version} for arm64`, { timeout: 120_000 }, async (t) => {
      await runs(t, installed.write(name, fs.readFileSync(path.join(folder, name), 'utf8')), PRINTS[name], { node });
    });
  }
}
