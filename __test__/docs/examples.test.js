'use strict';

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { hasOpenssl } = require('../support/tls/certificates');
const { PRINTS, TYPED, folder, names, runs } = require('../support/docs/examples');
const { needs } = require('../../scripts/testing/needs');

const root = path.join(__dirname, '../..');
/** Why an example cannot run here, or false. */
const unfit = (name) => (name === 'tls.js' && !hasOpenssl ? 'openssl is not installed' : needs(`examples/${name}`, process.version) ?? false);

for (const name of names) {
  test(`examples/${name} runs, prints what it should and ends by itself`, { timeout: 30_000, skip: unfit(name) }, async (t) => {
    await runs(t, path.join(folder, name), PRINTS[name]);
  });
}

test('examples/typescript compiles as its tsconfig.json says, which is strict, and runs', { timeout: 60_000 }, async (t) => {
  const project = path.join(folder, 'typescript');
  assert.equal(JSON.parse(fs.readFileSync(path.join(project, 'tsconfig.json'), 'utf8')).compilerOptions.strict, true);
  // Inside the package, so that its own name resolves to it.
  const built = fs.mkdtempSync(path.join(root, '__test__', 'types-'));
  t.after(() => fs.rmSync(built, { recursive: true, force: true }));
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '--project', project, '--outDir', built], { encoding: 'utf8' });
  assert.equal(stdout, '');
  await runs(t, path.join(built, 'main.js'), TYPED);
});
