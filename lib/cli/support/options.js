'use strict';

// A command line as options. Its errors never show a value: what was put in the
// wrong place may be a password.

const { UsageError } = require('./errors');

/**
 * @param {string[]} args
 * @param {Record<string, 'flag' | 'value' | 'list'>} known a list is an option that can be given several times
 * @returns {Record<string, any>} true, the value or the values, for those that were given
 */
function parseOptions(args, known) {
  const { options, operands } = parseArguments(args, known);
  if (operands.length > 0) throw new UsageError('only options that begin with -- are taken, and one argument is none; what is secret is asked for');
  return options;
}

/**
 * The same for a command that takes a folder, which need not be given.
 *
 * @param {string[]} args
 * @param {Record<string, 'flag' | 'value' | 'list'>} known
 * @returns {{ folder: string | undefined, options: Record<string, any> }}
 */
function parseFolderAndOptions(args, known) {
  const { options, operands } = parseArguments(args, known);
  if (operands.length > 1) throw new UsageError('one folder is taken, and there are more arguments; what is secret is asked for');
  if (operands[0] === '') throw new UsageError('the name of the folder is empty');
  return { folder: operands[0], options };
}

/**
 * @param {string[]} args
 * @param {Record<string, 'flag' | 'value' | 'list'>} known
 */
function parseArguments(args, known) {
  /** @type {Record<string, any>} */
  const options = {};
  /** @type {string[]} */
  const operands = [];
  const rest = args.values();
  for (const arg of rest) {
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(arg);
    if (match === null && (arg === '' || arg[0] !== '-')) {
      operands.push(arg);
      continue;
    }
    if (match === null) throw new UsageError('options begin with -- and a name');
    const [, name, value] = match;
    if (!Object.hasOwn(known, name)) throw new UsageError(`option --${printable(name)} is not known${hint(name, Object.keys(known), '--')}`);
    if (known[name] === 'value') options[name] = valueOf(name, value ?? rest.next().value);
    else if (known[name] === 'list') (options[name] ??= []).push(valueOf(name, value ?? rest.next().value));
    else if (value === undefined) options[name] = true;
    else throw new UsageError(`option --${name} takes no value`);
  }
  return { options, operands };
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
 * @param {string} word that is not known
 * @param {string[]} known
 * @param {string} [prefix]
 */
function hint(word, known, prefix = '') {
  const [best] = known.map((name) => ({ name, edits: distance(word, name) })).sort((a, b) => a.edits - b.edits);
  return best !== undefined && best.edits <= 2 ? `; did you mean ${prefix}${best.name}?` : '';
}

/**
 * Letters to add, drop, change, or swap with a neighbour.
 *
 * @param {string} from
 * @param {string} to
 */
function distance(from, to) {
  if (Math.abs(from.length - to.length) > 2) return Infinity;
  const rows = [Array.from({ length: to.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = rows[i - 1][j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      row[j] = Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, change);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
    }
    rows.push(row);
  }
  return rows[from.length][to.length];
}

/**
 * Nothing of a command line may drive the terminal.
 *
 * @param {string} text
 */
function printable(text) {
  return text.replace(/[^ -~]/g, '?').slice(0, 40);
}

module.exports = { hint, parseFolderAndOptions, parseOptions, printable };
