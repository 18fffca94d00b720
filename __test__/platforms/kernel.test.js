'use strict';

// Kernel 3.10, which CentOS 7 has: what came later is refused, and all works.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { RELEASE, compiled, onOldKernel } = require('../support/system/old-kernel');
const { exitAmidCalls, run, takeSteps } = require('../support/bus/steps-runner');

const { file, missing } = compiled();
const LIMIT = { timeout: 60_000, skip: missing };
const WITH_OPENSSL = { ...LIMIT, skip: missing || (!hasOpenssl && 'openssl is not installed') };
const node = [...onOldKernel(file), process.execPath];

test('a process, and those that it starts, find themselves on kernel 3.10', LIMIT, async (t) => {
  // The library that says so has seen before that a younger call is refused.
  const script = "require('child_process').execFileSync(process.execPath, ['-p', 'os.release()'], { stdio: 'inherit' })";
  const { stdout, stderr } = await run(t, [...node, '-e', script]);
  assert.match(stdout, RELEASE, stderr);
});

test('gRPC, the bus, other processes and worker threads work on kernel 3.10', LIMIT, (t) => takeSteps(t, node));

test("all of it works over mutual TLS with OWT's guide's encrypted keys, in both of their forms, on kernel 3.10", WITH_OPENSSL, async (t) => {
  const shop = await new Workshop(t).guide({ bits: 2048 });
  await takeSteps(t, node, shop);
  await takeSteps(t, node, shop.traditional());
});

test('process.exit() amid calls ends the process on kernel 3.10', LIMIT, (t) => exitAmidCalls(t, node));
