'use strict';

// Workflows run elsewhere; what they start is here.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { parse } = require('yaml');

const root = path.join(__dirname, '../..');
const folder = path.join(root, '.github', 'workflows');
const workflow = (name) => parse(fs.readFileSync(path.join(folder, name), 'utf8'));

for (const name of fs.readdirSync(folder)) {
  test(`what ${name} runs exists`, () => {
    const { scripts } = require('../../package.json');
    const steps = Object.values(workflow(name).jobs).flatMap((job) => job.steps);
    assert.ok(steps.every((step) => step.run || step.uses));
    const commands = steps.map((step) => step.run ?? '').join('\n');
    for (const [, script] of commands.matchAll(/npm run ([\w:]+)/g)) assert.ok(scripts[script], `npm run ${script}`);
    for (const [, , file] of commands.matchAll(/(node|bash) ([\w.-]+\/[\w./-]+)/g)) assert.ok(fs.existsSync(path.join(root, file)), file);
  });
}

test('a release builds and tests every platform of npm/', () => {
  const { build, test: trial } = workflow('release.yml').jobs;
  const platforms = fs.readdirSync(path.join(root, 'npm')).sort();
  for (const job of [build, trial]) {
    assert.deepEqual(job.strategy.matrix.include.map(({ platform }) => platform).sort(), platforms);
  }
});
