'use strict';

// docs/observability.md: its metrics are those of the code. docs/pages.test.js runs its programs.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

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
