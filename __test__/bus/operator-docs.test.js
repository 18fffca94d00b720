'use strict';

// docs/security.md: what it types to look at members that have an operator's secret.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { connectBus } = require('../..');
const { freePort } = require('../support/bus');
const { cleanEnvironment, Running } = require('../support/cli');
const { blocksFor } = require('../support/docs/markdown');
const { tempFolder } = require('../support/cli/stores');

const skip = (process.platform === 'win32' || spawnSync('sh', ['-c', ':']).error !== undefined) && 'needs a POSIX shell';

test('the commands of docs/security.md set the secret that tap has to prove', { skip, timeout: 120_000 }, async (t) => {
  const [script, ...others] = blocksFor('docs/security.md', 'bus/operator-docs');
  assert.deepEqual(others, [], 'code that is not tested');
  const [, variable, , name] = /^export (\w+)=(\S+)\nnpx owt-grpc (\w+)\n$/.exec(script);
  const file = path.join(tempFolder(t), 'operator-secret');
  fs.writeFileSync(file, 'of an operator\n');
  const port = await freePort();
  const env = cleanEnvironment({ OWT_GRPC_REGISTRY: `127.0.0.1:${port}`, [variable]: file });
  const bus = await connectBus({ registry: env.OWT_GRPC_REGISTRY, operatorSecret: 'of an operator' });
  t.after(() => bus.close());
  await bus.serve('x', { ping: () => 'pong' });
  const tap = new Running(t, [name, '--json', '--limit', '1'], { env });
  const line = tap.line();
  let shown = false;
  void line.then(() => (shown = true));
  while (!shown) await bus.call('x', 'ping');
  assert.equal(JSON.parse(await line).id, 'x');
});
