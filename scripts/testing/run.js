'use strict';

const { spawnSync } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');

const reporters = [
  ['spec', 'stdout'],
  [path.join(__dirname, 'ends.js'), 'stderr'],
].flatMap(([reporter, to]) => [`--test-reporter=${reporter}`, `--test-reporter-destination=${to}`]);

/**
 * How many files run at the same time. By itself the runner takes one core less
 * than there are. Most files wait more than they work, so that two cores carry
 * two of them.
 */
const atOnce = Math.max(2, os.availableParallelism());

/**
 * Runs test files with Node's test runner, and returns the exit code.
 *
 * @param {string[]} files from the root of the project
 * @param {{ atOnce?: number, env?: NodeJS.ProcessEnv, node?: string }} [options] `node`: the executable, for another version
 */
function run(files, options = {}) {
  const { env, node = process.execPath } = options;
  const args = ['--test', `--test-concurrency=${options.atOnce ?? atOnce}`, ...reporters, ...files];
  const { status } = spawnSync(node, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  return status ?? 1;
}

module.exports = { atOnce, run };
