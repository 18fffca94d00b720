'use strict';

// What `node --test` does, for versions of Node.js that have no such runner:
// each file in a process of its own, some at a time. A file's tests are told in
// TAP, which is shown whole where one has failed.

const { spawn } = require('node:child_process');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const COUNTS = ['tests', 'pass', 'fail', 'cancelled', 'skipped', 'todo'];
/** Also for what tests start, which may load their helpers. */
const PRELOAD = `--require=${path.join(__dirname, 'node-test.js')}`;
/** A file's process that is there after this has hung. */
const LONGEST_MS = 300_000;

/**
 * @param {string} node the executable
 * @param {string} file
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ isWell: boolean, output: string, counts: Record<string, number> }>}
 */
function runFile(node, file, env) {
  return new Promise((resolve) => {
    // Rejections that nobody handles only warn on Node.js 14; a test is to fail by one.
    const args = ['--unhandled-rejections=strict', file];
    const child = spawn(node, args, { cwd: root, env: { OWT_GRPC_LOG: 'off', ...env, NODE_OPTIONS: PRELOAD }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => void (output += text));
    const timer = setTimeout(() => {
      output += `it was still there after ${LONGEST_MS / 1000} s\n`;
      child.kill('SIGKILL');
    }, LONGEST_MS);
    child.once('error', (error) => void (output += `${error.message}\n`));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (signal) output += `its process ended by ${signal}\n`;
      const counts = Object.fromEntries(COUNTS.map((name) => [name, Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(output)?.[1] ?? NaN)]));
      // A process that ends before its tests have told nothing.
      const isWhole = COUNTS.every((name) => !Number.isNaN(counts[name]));
      if (!isWhole) output += 'its process ended before its tests did\n';
      resolve({ isWell: code === 0 && isWhole && counts.fail + counts.cancelled === 0, output, counts });
    });
  });
}

/**
 * @param {string[]} files
 * @param {{ node: string, atOnce: number, env: NodeJS.ProcessEnv }} how
 * @returns {Promise<number>} the exit code
 */
async function runOld(files, { node, atOnce, env }) {
  const started = Date.now();
  const sums = Object.fromEntries(COUNTS.map((name) => [name, 0]));
  const failed = [];
  const waiting = files.values();
  const work = async () => {
    for (const file of waiting) {
      const begun = Date.now();
      const { isWell, output, counts } = await runFile(node, file, env);
      console.log(`${isWell ? '✔' : '✖'} ${file} (${counts.tests} tests, ${Date.now() - begun} ms)`);
      if (!isWell) {
        failed.push(file);
        console.log(output.replace(/^/gm, '    '));
      }
      for (const name of COUNTS) sums[name] += counts[name] || 0;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  for (const name of COUNTS) console.log(`ℹ ${name} ${sums[name]}`);
  console.log(`ℹ duration_ms ${Date.now() - started}`);
  for (const file of failed) console.log(`✖ ${file}`);
  return failed.length === 0 ? 0 : 1;
}

module.exports = { runOld };
