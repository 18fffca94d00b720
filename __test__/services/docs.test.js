'use strict';

// docs/services.md: its programs are run, and print what it says.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const root = path.join(__dirname, '../..');
const text = fs.readFileSync(path.join(root, 'docs/services.md'), 'utf8');
const programs = [...text.matchAll(/```js\n([^]*?)```\n\nIt prints:\n\n```\n([^]*?)```/g)];

test('every program of docs/services.md has what it prints beside it', () => {
  assert.equal(programs.length, 2);
  assert.equal(text.match(/```js/g).length, programs.length);
});

for (const [, program, expected] of programs) {
  const [, option] = /new Server\(\{ (\w+)/.exec(program);
  test(`the program about ${option} prints what docs/services.md says`, { timeout: 20_000 }, () => {
    assert.equal(execFileSync(process.execPath, ['-e', program], { cwd: root, encoding: 'utf8', timeout: 15_000 }), expected);
  });
}

test('the variables and options of docs/services.md are those of the server', () => {
  const code = fs.readFileSync(path.join(root, 'lib/server.js'), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+): true` \| `(\w+)=1` \|/gm)];
  assert.equal(rows.length, 2);
  for (const [, option, variable] of rows) assert.ok(code.includes(`'${option}', '${variable}'`), option);
});
