'use strict';

// The owt-grpc command: each file of lib/cli is one subcommand, which exports
// `summary`, `help` and `run(args)`; `run` gives the exit code.
//
// Exit codes: 0 done, 1 failed, 2 not a command line that is taken, 130 ended by
// Ctrl-C.

const fs = require('node:fs');
const path = require('node:path');
const { StoreError } = require('../../credentials/store');
const { CommandError, UsageError } = require('./errors');
const { hint } = require('../../common/did-you-mean');
const { printable } = require('./printable');
const { version } = require('./version');

const folder = path.join(__dirname, '..');
const names = () => fs.readdirSync(folder).filter((file) => file.endsWith('.js')).map((file) => path.basename(file, '.js')).sort();

/** `logs`: it goes on until it is ended, and has a log. @typedef {{ summary: string, help: string, logs?: boolean, run(args: string[]): Promise<number> }} Command */

/** @param {string} name @returns {Command} */
const command = (name) => require(path.join(folder, name));

function overview() {
  const lines = names().map((name) => `  ${name.padEnd(8)} ${command(name).summary}`);
  return `Usage: owt-grpc <command> [options]

Commands:
${lines.join('\n')}

  --help     This text; after a command, its options
  --version  The version of owt-grpc
`;
}

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
async function main([name, ...args]) {
  // A pager that is closed early is no failure.
  process.stdout.on('error', () => {});
  // Where it is set for a whole shell, it is for modules: a command takes no port from them.
  delete process.env.OWT_GRPC_METRICS;
  try {
    return await run(name, args);
  } catch (error) {
    const prefix = names().includes(name) ? `owt-grpc ${name}` : 'owt-grpc';
    if (!(error instanceof CommandError || error instanceof StoreError)) throw error;
    process.stderr.write(`${prefix}: ${error.message}\n`);
    if (error instanceof UsageError) process.stderr.write(`\`${prefix} --help\` says more\n`);
    return error instanceof CommandError ? error.exitCode : 1;
  }
}

/**
 * @param {string | undefined} name
 * @param {string[]} args
 */
async function run(name, args) {
  if (name === '--version') return print(`${version()}\n`);
  if (name === '--help') return print(overview());
  if (name === undefined) {
    process.stderr.write(overview());
    return 2;
  }
  if (!names().includes(name)) throw new UsageError(`there is no command ${printable(name)}${hint(name, names())}`);
  const { help, logs = false, run } = command(name);
  // Others say themselves what there is to say.
  if (!logs && !process.env.OWT_GRPC_LOG) process.env.OWT_GRPC_LOG = 'off';
  return args.includes('--help') ? print(help) : run(args);
}

/** @param {string} text */
function print(text) {
  process.stdout.write(text);
  return 0;
}

module.exports = { main };
