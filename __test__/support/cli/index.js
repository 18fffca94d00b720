'use strict';

// `owt-grpc` as a process: run to its end, or kept while a test goes on.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { createInterface } = require('node:readline');
const { command } = require('./terminal');

/** The environment without what would change what a command does. */
function cleanEnvironment(changes = {}) {
  const env = { ...process.env, ...changes };
  for (const name of Object.keys(env)) {
    const isOurs = name.startsWith('OWT_GRPC_') || name === 'GRPC_ARG_HTTP_PROXY' || name === 'FORCE_COLOR';
    if (isOurs && !(name in changes)) delete env[name];
  }
  return env;
}

/**
 * @param {import('node:test').TestContext} t
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, input?: string }} [options]
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>}
 */
const owtGrpc = (t, args, { cwd, env, input } = {}) => run(t, process.execPath, [command, ...args], { cwd, env: cleanEnvironment(env), input });

/**
 * Runs any command to its end.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} file
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, input?: string }} [options]
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>}
 */
async function run(t, file, args, { cwd, env, input = '' } = {}) {
  const child = spawn(file, args, { cwd, env });
  t.after(() => child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  for (const name of /** @type {const} */ (['stdout', 'stderr'])) child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code, ...output };
}

/** A command that goes on, read line by line. */
class Running {
  /**
   * @param {import('node:test').TestContext} t
   * @param {string[]} args
   * @param {{ cwd?: string, env?: Record<string, string>, within?: string[] }} [options] within: a command to run it by
   */
  constructor(t, args, { cwd, env, within = [] } = {}) {
    const [program, ...rest] = [...within, process.execPath, command, ...args];
    this.child = spawn(program, rest, { cwd, env: cleanEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] });
    t.after(() => this.child.kill('SIGKILL'));
    this.stderr = '';
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    this.closed = once(this.child, 'close');
  }

  async line() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`it ended without a further line: ${this.stderr}`);
    return value;
  }

  /** The first line that a condition holds for. */
  async lineThat(condition) {
    for (;;) {
      const line = await this.line();
      if (condition(line)) return line;
    }
  }

  /** @returns {Promise<number>} its exit code */
  async end(signal = 'SIGTERM') {
    this.child.kill(signal);
    const [code] = await this.closed;
    return code;
  }
}

/** A registry of its own as a process, on a free port or the one that is named. */
async function registryProcess(t, { port = 0, host = '127.0.0.1', env, within, cwd } = {}) {
  const registry = new Running(t, ['registry', '--json', '--listen', `${host}:${port}`], { env, within, cwd });
  registry.port = JSON.parse(await registry.line()).port;
  return registry;
}

module.exports = { Running, cleanEnvironment, owtGrpc, registryProcess, run };
