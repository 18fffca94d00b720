'use strict';

// docs/operations.md: its variables, metrics and messages are those of the code.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { read, root } = require('../support/markdown');
const { filesIn } = require('../support/folders');
const { SETTINGS } = require('../../lib/common/environment');

const text = read('docs/operations.md');
const section = (title) => text.split(/^## /m).find((part) => part.startsWith(`${title}\n`));

/** All of what runs: its sources, one by one. */
function sources() {
  return ['lib', 'bin', 'src'].flatMap((folder) =>
    filesIn(path.join(root, folder))
      .map((name) => path.join(folder, name))
      .filter((name) => /\.(js|rs)$/.test(name) && !name.startsWith(path.join('lib', 'codec') + path.sep))
      .map((name) => fs.readFileSync(path.join(root, name), 'utf8')));
}

/** Passphrases that `owt-grpc certs` hands to openssl: nobody else sets or reads them. */
const INNER = ['OWT_GRPC_CA_PASS', 'OWT_GRPC_CLIENT_PASS', 'OWT_GRPC_SERVER_PASS'];

test('docs/operations.md and the table of settings have every variable that the code reads, and no other', () => {
  const code = new Set(sources().flatMap((source) => source.match(/\bOWT_GRPC_[A-Z_]*[A-Z]\b/g) ?? []));
  const rows = [...section('Environment variables').matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) => cell.match(/\bOWT_GRPC_\w+/g) ?? []);
  assert.deepEqual(rows.sort(), [...code].filter((name) => !INNER.includes(name)).sort());
  assert.deepEqual(rows, Object.keys(SETTINGS).sort());
});

test('docs/operations.md says of each variable what it is by default, and what it can be', () => {
  const rows = section('Environment variables').split('\n');
  for (const [name, { kind, default: usual, choices = [] }] of Object.entries(SETTINGS)) {
    const row = rows.find((line) => line.startsWith('| `') && line.includes(`\`${name}\``));
    assert.ok(row, name);
    if (kind !== 'switch' && usual !== undefined) assert.ok(row.includes(String(usual)), `${name}: ${usual}`);
    for (const choice of choices) assert.ok(row.includes(`\`${choice}\``), `${name}: ${choice}`);
  }
});

test('the metrics that docs/operations.md names are in docs/observability.md, which is held to the code', () => {
  const all = read('docs/observability.md');
  const names = [...section('Metrics').matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) => cell.match(/\w+/g));
  assert.ok(names.length > 10);
  for (const name of names) assert.ok(all.includes(`\`${name}\``), name);
});

test('the messages that docs/operations.md explains are those of the code', () => {
  // Texts that go over lines are joined, as the compilers do.
  const code = sources().join('\n').replace(/\\\n\s*/g, '').replace(/['`] \+\s*['`]/g, '').replace(/\\'/g, "'");
  const rows = [...section('What messages mean').matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) => cell.replace(/\(.*\)$/, ''));
  assert.ok(rows.length > 30, String(rows.length));
  for (const message of rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, quoted]) => quoted))) {
    const parts = message.split('…').map((part) => part.trim()).filter((part) => part !== '');
    assert.ok(parts.some((part) => part.length > 5 || part === 'lost'), `${message} says too little to be found`);
    for (const part of parts) assert.ok(code.includes(part), `${message}: nothing says "${part}"`);
  }
});
