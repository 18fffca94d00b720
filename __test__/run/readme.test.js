'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { readmeTable } = require('../../bench/readme-table');
const results = require('../../bench/results/results.json');

const root = path.join(__dirname, '../..');
const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');

test('the figures of the README are those of the bench\'s last results', () => {
  assert.ok(readme.includes(readmeTable(results.summary)), 'run `node bench/readme-table.js` and put its table into the README');
  assert.ok(readme.includes(`\`SubscribeRequest\` of ${results.requestBytes} bytes`));
});

test('the README\'s example of the API runs', () => {
  const [, script] = /## The API\n\n```js\n([^]*?)```/.exec(readme);
  const output = execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8', timeout: 20_000 });
  assert.equal(output, 'publication of p1\nupdate 0\nupdate 1\nupdate 2\n');
});

test('what the README and the docs link to exists, and the commands are scripts of the package', () => {
  const { scripts } = require('../../package.json');
  const docs = fs.readdirSync(path.join(root, 'docs')).filter((name) => name.endsWith('.md'));
  for (const file of ['README.md', 'CONTRIBUTING.md', ...docs.map((name) => `docs/${name}`)]) {
    const text = fs.readFileSync(path.join(root, file), 'utf8');
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)\)/g)) {
      assert.ok(fs.existsSync(path.join(root, path.dirname(file), target)), `${file} links to ${target}`);
    }
    for (const [, name] of text.matchAll(/npm run ([\w:-]+)/g)) assert.ok(scripts[name], `${file}: npm run ${name}`);
    for (const [, target] of text.matchAll(/node (bench\/[\w.-]+)/g)) assert.ok(fs.existsSync(path.join(root, target)), target);
  }
});
