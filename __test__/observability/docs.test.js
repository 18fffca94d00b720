'use strict';

// docs/observability.md: its metrics are those of the code, and the log is as it says. docs/pages.test.js runs its programs.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { lineOf } = require('../../lib/common/stderr-log');
const { blocksFor, project, run } = require('../support/docs/markdown');

const root = path.join(__dirname, '../..');
const text = fs.readFileSync(path.join(root, 'docs/observability.md'), 'utf8');

test('docs/observability.md has every metric, and no other', () => {
  const code = fs.readFileSync(path.join(root, 'lib/observability/metrics.js'), 'utf8');
  const names = new Set();
  for (const [, name] of code.matchAll(/out\.(?:family|histogram)\(\s*[`']([^`']+)[`']/g)) names.add(name);
  for (const [, name] of code.matchAll(/(?:counter|gauge)\(\s*[`']([^`']+)[`']/g)) names.add(`owt_grpc_bus_${name}`);
  const made = [...names].filter((name) => name !== 'owt_grpc_bus_${name}').flatMap((name) => {
    const sides = name.includes('${side}') ? ['client', 'server'].map((side) => name.replace('${side}', side)) : [name];
    return sides.flatMap((one) => (one.includes('${name}') ? ['calls', 'requests'].map((kind) => one.replace('${name}', kind)) : [one]));
  });
  const table = text.slice(text.indexOf('| metrics |'), text.indexOf('Labels are names'));
  const told = new Set();
  for (const row of table.split('\n')) {
    const [, cell = ''] = row.split('|');
    const [, other] = /and the same of `(\w+)`/.exec(cell) ?? [];
    const listed = [...cell.replace(/and the same of.*/, '').matchAll(/`(\w+)`/g)].map(([, name]) => name);
    for (const name of listed) {
      told.add(name);
      if (other) told.add(name.replace(/^(owt_grpc_bus_calls|owt_grpc_client|grpc_client)/, other));
    }
  }
  assert.deepEqual([...told].sort(), made.sort());
});

test('a line of the log is as docs/observability.md shows it, and its file for NODE_OPTIONS gives the log to the log4js of a module', { timeout: 30_000 }, async (t) => {
  const [line, preload, ...others] = blocksFor('docs/observability.md', 'observability/docs');
  assert.deepEqual(others, [], 'code that is not tested');
  const time = new Date(2026, 10, 28, 20, 21, 1, 246);
  assert.equal(line, `${lineOf(time, 'warn', 'portal', 'owt-grpc: lost the registry, trying again: the registry closed the session')}\n`);

  const owt = project(t);
  const portal = path.join(owt, 'portal');
  fs.mkdirSync(path.join(portal, 'node_modules'), { recursive: true });
  fs.symlinkSync(path.join(root, 'node_modules/log4js'), path.join(portal, 'node_modules/log4js'), 'junction');
  fs.writeFileSync(path.join(owt, 'log.js'), preload);
  const script = `
    require('log4js').configure({
      appenders: { out: { type: 'stdout', layout: { type: 'pattern', pattern: '%p: %c - %m' } } },
      categories: { default: { appenders: ['out'], level: 'info' } },
    });
    const client = require('owt-grpc/amqpClient')();
    client.connect({ host: 'localhost' }, () => client.disconnect());`;
  const env = { NODE_OPTIONS: `--require=${path.join(owt, 'log.js')}` };
  const { code, stdout, stderr } = await run(t, process.execPath, ['-e', script], { cwd: portal, env });
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^INFO: OwtGrpc - owt-grpc: joined as /m);
});
