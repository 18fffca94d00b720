'use strict';

// docs/bus.md: how OWT's logger gets the log, and what a handler knows.

const assert = require('node:assert').strict;
const path = require('node:path');
const { test } = require('node:test');
const { blocksFor, project, root, run } = require('../support/docs/markdown');

/** What a program that uses log4js has set up, and what it does then. */
const around = (block) => `
  require('log4js').configure({
    appenders: { out: { type: 'stdout', layout: { type: 'pattern', pattern: '%p %c %m' } } },
    categories: { default: { appenders: ['out'], level: 'all' } },
  });
  {${block}}
  require('owt-grpc').connectBus().then((bus) => bus.close());`;

test('the log goes to log4js as docs/bus.md says, and a member that leaves is no warning', { timeout: 30_000 }, async (t) => {
  const [block, , ...others] = blocksFor('docs/bus.md', 'bus/docs');
  assert.deepEqual(others, [], 'code that is not tested');
  const env = { NODE_PATH: path.join(root, 'node_modules') };
  const { code, stdout, stderr } = await run(t, process.execPath, ['-e', around(block)], { cwd: project(t), env });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^INFO OwtGrpc owt-grpc: bus: joined as /);
  // It hosted the registry, which went with it.
  assert.doesNotMatch(stdout, /^WARN/m);
});

test('a handler knows its call as docs/bus.md says', { timeout: 30_000 }, async (t) => {
  const [, block] = blocksFor('docs/bus.md', 'bus/docs');
  const script = `(async () => {
    const bus = await require('owt-grpc').connectBus();
    ${block}
    const { member } = await bus.status();
    console.log((await bus.call('recorder', 'record', ['room1'])).replace(member, 'me'));
    const error = await bus.call('recorder', 'record', ['full']).catch((why) => why);
    console.log(error.code, error.cause.code, JSON.stringify(error.data));
    await bus.close();
  })();`;
  const { code, stdout, stderr } = await run(t, process.execPath, ['-e', script], { cwd: project(t) });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'room1 for me\nHANDLER ENOSPC {"room":"full"}\n');
});
