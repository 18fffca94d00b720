'use strict';

// `owt-grpc rpc`: one call over the bus.

const { BusError } = require('../bus/errors');
const { jsonOf, numberOf, parseArguments } = require('./support/arguments');
const { CommandError, UsageError } = require('./support/errors');
const { hint } = require('../common/did-you-mean');
const { BUS_HELP, BUS_OPTIONS, ask, observe } = require('./support/observer');
const { plain, printJson } = require('./support/output');

const summary = 'Calls a method of an id on the bus';

const help = `Usage: owt-grpc rpc <id> <method> ['<json array of arguments>'] [options]

Calls a method of whoever serves the id, and prints the reply as JSON. The
arguments are a JSON array; - reads it from stdin; without it there are none.

  --timeout MS     Until it fails; default 10000
${BUS_HELP}
  --json           One line of JSON, also for a failure: {"error": {"code", "message"}}
  --help           This text

Members that have OWT_GRPC_OPERATOR_SECRET answer who has the same.
Exit code: 0 replied; 1 failed, also if the handler replied ('error', reason);
2 wrong options.

  owt-grpc rpc owt-cluster schedule '["webrtc", "task", "any", 30000]'
`;

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
async function run(args) {
  const known = /** @type {const} */ ({ ...BUS_OPTIONS, timeout: 'value', json: 'flag' });
  const { operands, options } = parseArguments(args, known, ['id', 'method', 'arguments?']);
  const [id, method, text = '[]'] = operands;
  if (id === '' || method === '') throw new UsageError('<id> and <method> must not be empty');
  const timeout = numberOf(options, 'timeout', { otherwise: 10_000 });
  const list = await jsonOf(text, 'the list of arguments');
  if (!Array.isArray(list)) throw new UsageError('the arguments must be a JSON array, such as \'["a", 1]\'');
  const { bus } = await observe(options);
  try {
    const data = await call(bus, id, method, list, timeout);
    if (options.json) printJson({ data });
    else process.stdout.write(`${JSON.stringify(data, null, 2) ?? 'undefined'}\n`);
    return 0;
  } catch (error) {
    if (!options.json || !(error instanceof BusError)) throw asCommandError(error);
    printJson({ error: { code: error.code, message: error.message } });
    return 1;
  } finally {
    await bus.close();
  }
}

/**
 * @param {import('../bus/bus').Bus} bus
 * @param {string} id
 * @param {string} method
 * @param {any[]} args
 * @param {number} timeout
 */
async function call(bus, id, method, args, timeout) {
  const { members } = await bus.status();
  const ids = [...new Set(members.flatMap((/** @type {any} */ member) => member.ids))].sort();
  // A program waits for an id until its timeout; a person has mistyped it.
  if (!id.startsWith('!') && !ids.includes(id)) {
    const served = ids.length === 0 ? 'nobody serves any id' : `served are ${plain(ids.join(', '))}`;
    throw new BusError('UNKNOWN_ID', `nobody serves ${id}${hint(id, ids)}; ${served}`, { id, method });
  }
  const { data, err, failed } = await ask(bus, id, method, args, timeout);
  if (failed || data === 'error' || data === 'timeout') throw new BusError('HANDLER', `${id}.${method}: ${reason(err ?? data)}`, { id, method });
  return data;
}

/** @param {unknown} err */
const reason = (err) => (typeof err === 'string' ? err : JSON.stringify(err));

/** @param {unknown} error */
function asCommandError(error) {
  return error instanceof BusError ? new CommandError(`${error.code}: ${plain(error.message)}`) : error;
}

module.exports = { help, run, summary };
