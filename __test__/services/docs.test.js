'use strict';

// docs/services.md: its variables. docs/pages.test.js runs its programs.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const root = path.join(__dirname, '../..');
const text = fs.readFileSync(path.join(root, 'docs/services.md'), 'utf8');

test('the variables and options of docs/services.md are those of the server', () => {
  const code = fs.readFileSync(path.join(root, 'lib/grpc/server/server.js'), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+): true` \| `(\w+)=1` \|/gm)];
  assert.equal(rows.length, 2);
  for (const [, option, variable] of rows) assert.ok(code.includes(`'${option}', '${variable}'`), option);
});
