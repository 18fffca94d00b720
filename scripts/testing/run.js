'use strict';

const { spawnSync } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');

const SPEC = ['spec', 'stdout'];
const ENDS = [path.join(__dirname, 'ends.js'), 'stderr'];
const SLOWEST = [path.join(__dirname, 'slowest.js'), 'stderr'];

/**
 * How many files run at the same time. By itself the runner takes one core less
 * than there are. All files together wait for longer than they work, so that a core
 * carries two of them.
 */
const atOnce = 2 * os.availableParallelism();

/**
 * Runs test files with Node's test runner, and returns the exit code.
 *
 * @param {string[]} files from the root of the project
 * @param {{ atOnce?: number, env?: NodeJS.ProcessEnv, node?: string, slowest?: boolean }} [options] `node`: the executable, for another
 *   version; `slowest`: which files took longest is told in the end
 */
function run(files, options = {}) {
  const { env, node = process.execPath } = options;
  const reporters = [SPEC, options.slowest ? SLOWEST : ENDS];
  const told = reporters.flatMap(([reporter, to]) => [`--test-reporter=${reporter}`, `--test-reporter-destination=${to}`]);
  const args = ['--test', `--test-concurrency=${options.atOnce ?? atOnce}`, ...told, ...files];
  // What tests provoke is no news; those of the log say what they want of it.
  const { status } = spawnSync(node, args, { cwd: root, stdio: 'inherit', env: { OWT_GRPC_LOG: 'off', ...process.env, ...env } });
  return status ?? 1;
}

module.exports = { atOnce, run };
