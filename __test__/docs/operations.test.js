'use strict';

// docs/operations.md: its variables, metrics and messages are those of the code.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { read, root } = require('../support/docs/markdown');
const { filesIn } = require('../support/system/folders');
const { SETTINGS } = require('../../lib/common/environment');
const { operations } = require('../../scripts/api-reference/settings');

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

test('the table of settings has every variable that the code reads, and no other', () => {
  const code = new Set(sources().flatMap((source) => source.match(/\bOWT_GRPC_[A-Z_]*[A-Z]\b/g) ?? []));
  assert.deepEqual(Object.keys(SETTINGS).sort(), [...code].filter((name) => !INNER.includes(name)).sort());
});

test('the table of settings in docs/operations.md is that of the code, with its defaults and choices', () => {
  assert.equal(text, operations());
  assert.ok(text.includes('| `OWT_GRPC_TLS_CHECK_MS` | `10000` | how often'));
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
