'use strict';

// Run by `npm run test:arm64`, which builds and packs first: the packages for
// Linux arm64, on an emulated processor.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { after, test } = require('node:test');
const { PRINTS, folder, runs } = require('../support/examples');
const { Installation } = require('../support/installation');
const { OLDEST, glibcOf, isNewer } = require('../../scripts/packing/glibc');
const { nodeOf } = require('../../scripts/testing/node-versions');

/** The newest of the oldest that OWT uses: npm carries no 14.19 for arm64. */
const VERSIONS = ['14.21.3', '20'];
const EXAMPLES = ['hello.js', 'streams.js', 'cancel.js', 'bus.js', 'grpctools.js', 'amqpclient.js'];
const NAME = 'owt-grpc-linux-arm64-gnu';

const tarballs = process.env.OWT_GRPC_ARM64_TARBALLS.split(path.delimiter);
const [emulator, ...before] = process.env.OWT_GRPC_EMULATOR.split(' ');

const installed = new Installation(tarballs, { args: ['--offline', '--os=linux', '--cpu=arm64', '--libc=glibc'] });
after(() => installed.remove());

test(`the addon loads with glibc ${OLDEST} and newer`, () => {
  const glibc = glibcOf(fs.readFileSync(path.join(installed.folder, 'node_modules', NAME, `${NAME.replace('owt-grpc-', 'owt-grpc.')}.node`)));
  assert.ok(!isNewer(glibc, OLDEST), glibc);
});

for (const version of VERSIONS) {
  const node = nodeOf(version, 'arm64');

  for (const name of EXAMPLES) {
    test(`examples/${name} runs from the installed packages on Node.js ${version} for arm64`, { timeout: 120_000 }, async (t) => {
      const file = installed.write(name, fs.readFileSync(path.join(folder, name), 'utf8'));
      await runs(t, file, PRINTS[name], { node: emulator, before: [...before, node] });
    });
  }
}
