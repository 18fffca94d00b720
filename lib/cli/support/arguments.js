'use strict';

// A command line: options, which begin with --, and operands. `-` is an operand,
// and so is everything behind `--`. Errors never show a value: what was put in
// the wrong place may be a password.

const { hasOwn } = require('../../common/compat/objects');
const { codeOf } = require('../../common/errors');
const { CommandError, UsageError } = require('./errors');
const { hint } = require('../../common/did-you-mean');
const { printable } = require('./printable');

/**
 * What each option takes: nothing, a value, or a value each time it is given.
 *
 * @typedef {Record<string, 'flag' | 'value' | 'list'>} Known
 */

/**
 * @param {string[]} args
 * @param {Known} known
 * @param {string[]} names of the operands, for the error; those that end with ? may be missing
 * @returns {{ operands: string[], options: Record<string, any> }} true, the value or the values, for options that were given
 */
function parseArguments(args, known, names) {
  const parsed = parse(args, known);
  const { operands } = parsed;
  const needed = names.filter((name) => !name.endsWith('?')).length;
  if (operands.length < needed) throw new UsageError(`<${names[operands.length]}> is missing`);
  if (operands.length > names.length) throw new UsageError(`there are ${operands.length} arguments, and ${names.length} are taken: put quotes around what has spaces`);
  return parsed;
}

/**
 * The same for a command that takes options only.
 *
 * @param {string[]} args
 * @param {Known} known
 * @returns {Record<string, any>}
 */
function parseOptions(args, known) {
  const { options, operands } = parse(args, known);
  if (operands.length > 0) throw new UsageError('only options that begin with -- are taken, and one argument is none; what is secret is asked for');
  return options;
}

/**
 * The same for a command that takes a folder, which need not be given.
 *
 * @param {string[]} args
 * @param {Known} known
 * @returns {{ folder: string | undefined, options: Record<string, any> }}
 */
function parseFolderAndOptions(args, known) {
  const { options, operands } = parse(args, known);
  if (operands.length > 1) throw new UsageError('one folder is taken, and there are more arguments; what is secret is asked for');
  if (operands[0] === '') throw new UsageError('the name of the folder is empty');
  return { folder: operands[0], options };
}

/**
 * @param {string[]} args
 * @param {Known} known
 */
function parse(args, known) {
  /** @type {Record<string, any>} */
  const options = {};
  /** @type {string[]} */
  const operands = [];
  const rest = args.values();
  for (const arg of rest) {
    if (arg === '--') operands.push(...rest);
    else if (arg === '-' || !arg.startsWith('-')) operands.push(arg);
    else take(options, arg, known, rest);
  }
  return { options, operands };
}

/**
 * @param {Record<string, any>} options where it is put
 * @param {string} arg
 * @param {Known} known
 * @param {Iterator<string>} rest where its value may be
 */
function take(options, arg, known, rest) {
  const match = /^--([^=]+)(?:=(.*))?$/s.exec(arg);
  if (match === null) throw new UsageError('options begin with -- and a name');
  const [, name, value] = match;
  if (!hasOwn(known, name)) throw new UsageError(`option --${printable(name)} is not known${hint(name, Object.keys(known), '--')}`);
  if (known[name] === 'value') options[name] = valueOf(name, value ?? rest.next().value);
  else if (known[name] === 'list') options[name] = [...(options[name] ?? []), valueOf(name, value ?? rest.next().value)];
  else if (value === undefined) options[name] = true;
  else throw new UsageError(`option --${name} takes no value`);
}

/**
 * @param {string} name
 * @param {string | undefined} value
 */
function valueOf(name, value) {
  if (value) return value;
  throw new UsageError(`option --${name} needs a value`);
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
  const given = text === '-' ? await readAll(process.stdin) : text;
  try {
    return JSON.parse(given);
  } catch {
    // What V8 says of it is another text in each version, and has the value in it.
    throw new UsageError(`${what} ${text === '-' ? 'on stdin is no JSON' : `is no JSON: a shell leaves it whole in single quotes, as in '{"name": "value"}'`}`);
  }
}

/** @param {NodeJS.ReadStream} input */
async function readAll(input) {
  const chunks = [];
  try {
    for await (const chunk of input) chunks.push(chunk);
  } catch (error) {
    throw new CommandError(`stdin cannot be read (${codeOf(error)})`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

module.exports = { jsonOf, numberOf, parseArguments, parseFolderAndOptions, parseOptions };
