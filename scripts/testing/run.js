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
 * Runs test files with Node's test runner, and returns the exit code.
 *
 * By itself the runner takes one core less than there are. Most files wait more
 * than they work, so that two cores carry two of them.
 *
 * @param {string[]} files from the root of the project
 * @param {{ atOnce?: number, env?: Record<string, string> }} [options] `atOnce`: how many files run at the same time
 */
function run(files, { atOnce = Math.max(2, os.availableParallelism()), env = {} } = {}) {
  const args = ['--test', `--test-concurrency=${atOnce}`, ...reporters, ...files];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  return status ?? 1;
}

module.exports = { run };
