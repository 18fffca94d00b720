'use strict';

// A command line with operands: what is not an option. `-` is an operand, and so
// is everything behind `--`.

const { UsageError } = require('./errors');
const { parseOptions } = require('./options');

/**
 * @param {string[]} args
 * @param {Record<string, 'flag' | 'value'>} known options
 * @param {string[]} names of the operands, for the error; those that end with ? may be missing
 * @returns {{ operands: string[], options: Record<string, any> }}
 */
function parseArguments(args, known, names) {
  const end = args.indexOf('--');
  const before = end === -1 ? args : args.slice(0, end);
  const operands = [];
  const rest = [];
  for (let at = 0; at < before.length; at++) {
    const arg = before[at];
    if (arg !== '-' && arg.startsWith('-')) {
      rest.push(arg);
      if (known[arg.slice(2)] === 'value' && at + 1 < before.length) rest.push(before[++at]);
    } else operands.push(arg);
  }
  if (end !== -1) operands.push(...args.slice(end + 1));
  const options = parseOptions(rest, known);
  const needed = names.filter((name) => !name.endsWith('?')).length;
  if (operands.length < needed) throw new UsageError(`<${names[operands.length]}> is missing`);
  if (operands.length > names.length) throw new UsageError(`there are ${operands.length} arguments, and ${names.length} are taken: put quotes around what has spaces`);
  return { operands, options };
}

/**
 * A number of an option.
 *
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {{ otherwise: number, least?: number, most?: number }} range
 */
function numberOf(options, name, { otherwise, least = 1, most = 0x7fffffff }) {
  const text = options[name];
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new UsageError(`option --${name} must be a number from ${least} to ${most}`);
}

/**
 * JSON of an operand, or of stdin where it is `-`.
 *
 * @param {string} text
 * @param {string} what it is, for the error
 * @returns {Promise<any>}
 */
async function jsonOf(text, what) {
  try {
    return JSON.parse(text === '-' ? await readAll(process.stdin) : text);
  } catch (error) {
    throw new UsageError(`${what} ${text === '-' ? 'on stdin ' : ''}is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @param {NodeJS.ReadStream} input */
async function readAll(input) {
  const chunks = [];
  for await (const chunk of input) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

module.exports = { jsonOf, numberOf, parseArguments };
