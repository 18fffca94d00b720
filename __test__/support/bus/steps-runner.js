'use strict';

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { freePort } = require('./index');
const { cleanEnvironment } = require('../cli');
const { SCRIPT, STEPS, STEPS_OF_TLS } = require('./steps');

/**
 * Runs a command to its end.
 *
 * @param {import('node:test').TestContext} t
 * @param {string[]} command
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 * @returns {Promise<{ code: number | null, signal: string | null, stdout: string, stderr: string }>}
 */
async function run(t, [program, ...args], { cwd, env } = {}) {
  const child = spawn(program, args, { cwd, env: cleanEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  for (const name of /** @type {const} */ (['stdout', 'stderr'])) child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
  const [code, signal] = await once(child, 'close');
  return { code, signal, ...output };
}

/**
 * All steps work, and the process ends by itself.
 *
 * @param {import('node:test').TestContext} t
 * @param {string[]} runtime a command that runs a script
 * @param {import('../tls/certificates').Workshop} [shop] over mutual TLS with what is there
 */
async function takeSteps(t, runtime, shop) {
  // A name, as certificates of OWT's guide have no address in them.
  const command = [...runtime, SCRIPT, `localhost:${await freePort()}`];
  const ended = await run(t, command, shop && { cwd: shop.folder, env: shop.environment() });
  const names = Object.keys({ ...STEPS, ...(shop && STEPS_OF_TLS) });
  assert.deepEqual({ code: ended.code, steps: ended.stdout.trim().split('\n') }, { code: 0, steps: names }, ended.stderr);
}

/**
 * process.exit() amid calls ends the process with its code.
 *
 * @param {import('node:test').TestContext} t
 * @param {string[]} runtime
 */
async function exitAmidCalls(t, runtime) {
  const { code, stderr } = await run(t, [...runtime, SCRIPT, 'none', 'exit']);
  assert.deepEqual([code, stderr], [7, '']);
}

module.exports = { exitAmidCalls, run, takeSteps };
