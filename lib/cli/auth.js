'use strict';

// `owt-grpc auth`: the equal of OWT's initauth.js, on the store of a folder.

const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { STORE, readStore, updateStore } = require('../credentials/store');
const { openAnswers } = require('./support/prompt');
const { CommandError, UsageError } = require('./support/errors');
const { parseOptions } = require('./support/arguments');

const summary = "Stores passphrases and accounts where OWT's modules read them";

const help = `Usage: owt-grpc auth [options]

Asks for credentials and puts them into OWT's credential store, ${STORE},
of the current directory. The other entries of the store stay as they are.
Without options: --rabbitmq --mongodb.

  --grpc       Passphrases of the TLS keys: the server's, then the client's
  --rabbitmq   RabbitMQ account: user name, password
  --mongodb    MongoDB account: user name, password
  --internal   Passphrase of the internal TLS key
  --spk        Generates the service protection key and prints it
  --cleanup    Removes what is selected, without asking
  --dir DIR    Directory of the store, in place of the current one
  --credpass   The store is locked with a pass phrase of your own (credPass in
               OWT's configuration); asks for it and for its salt first
  --help       This text

Passphrases are asked for and not shown. From a pipe each answer is one line;
the answer to "Update ...?" is yes or no. Nothing is stored unless every
question was answered.

Exit code: 0 stored, or nothing to store; 1 failed; 2 wrong options; 130 Ctrl-C.
`;

const OPTIONS = /** @type {const} */ ({
  rabbitmq: 'flag', mongodb: 'flag', internal: 'flag', grpc: 'flag', spk: 'flag',
  cleanup: 'flag', credpass: 'flag', dir: 'value',
});

/** @typedef {(text: string, hidden?: boolean) => Promise<string>} Ask */

/**
 * What can be stored, in the order of the questions.
 *
 * @type {{ option: string, entry: string, what: string, question?: string, ask: (ask: Ask) => Promise<any> }[]}
 */
const ENTRIES = [
  { option: 'rabbitmq', entry: 'rabbit', what: 'RabbitMQ account', ask: account('RabbitMQ') },
  { option: 'mongodb', entry: 'mongo', what: 'MongoDB account', ask: account('MongoDB') },
  { option: 'internal', entry: 'internalPass', what: 'internal passphrase', ask: (ask) => ask('Internal passphrase', true) },
  {
    option: 'grpc',
    entry: 'grpc',
    what: 'passphrases of the gRPC TLS keys',
    ask: async (ask) => ({
      serverPass: await ask('Passphrase of the server key', true),
      clientPass: await ask('Passphrase of the client key', true),
    }),
  },
  {
    option: 'spk',
    entry: 'spk',
    what: 'service protection key',
    question: 'Generate',
    ask: async () => randomBytes(64).toString('hex'),
  },
];

/**
 * @param {string} of
 * @returns {(ask: Ask) => Promise<{ username: string, password: string }>}
 */
function account(of) {
  return async (ask) => ({ username: await ask(`User name of ${of}`), password: await ask(`Password of ${of}`, true) });
}

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
async function run(args) {
  const options = parseOptions(args, OPTIONS);
  const selected = ENTRIES.filter(({ option }) => options[option]);
  const entries = selected.length > 0 ? selected : ENTRIES.slice(0, 2);
  const folder = existing(options.dir ?? process.cwd());
  const file = path.join(folder, STORE);

  const answers = options.cleanup && !options.credpass ? null : openAnswers();
  /** @type {import('../credentials/store').KeyOptions} */
  let key;
  let changes;
  try {
    key = answers !== null && options.credpass ? await askKey(answers) : {};
    // A store that cannot be read is better told before the questions.
    readStore(file, key);
    changes = options.cleanup || answers === null ? cleaned(entries) : await asked(entries, answers, path.basename(folder));
  } finally {
    answers?.close();
  }
  await store(file, changes, key);
  return 0;
}

/** @param {string} folder */
function existing(folder) {
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CommandError(`there is no directory ${folder}; name the module's with --dir`);
  }
  return path.resolve(folder);
}

/** @param {import('./support/prompt').Answers} answers */
async function askKey(answers) {
  const credPass = await answers.ask('Pass phrase of the store (credPass): ', { hidden: true });
  const credSalt = await answers.ask('Its salt (credSalt; empty for the built-in one): ', { hidden: true });
  if (credPass === '') throw new UsageError('the pass phrase of the store must not be empty');
  return { credPass, credSalt };
}

/** @param {typeof ENTRIES} entries */
function cleaned(entries) {
  return Object.fromEntries(entries.map(({ entry }) => [entry, null]));
}

/**
 * @param {typeof ENTRIES} entries
 * @param {import('./support/prompt').Answers} answers
 * @param {string} module whose store it is, as a reminder in each question
 */
async function asked(entries, answers, module) {
  /** @type {Record<string, any>} */
  const changes = {};
  for (const { entry, what, question = 'Update', ask } of entries) {
    if (!(await confirmed(answers, `${question} the ${what}? [yes/no] `))) continue;
    changes[entry] = await ask((text, hidden) => answers.ask(`(${module}) ${text}: `, { hidden }));
  }
  return changes;
}

/**
 * @param {import('./support/prompt').Answers} answers
 * @param {string} question
 */
async function confirmed(answers, question) {
  for (;;) {
    const answer = (await answers.ask(question)).trim().toLowerCase();
    if (['y', 'yes'].includes(answer)) return true;
    if (['', 'n', 'no'].includes(answer)) return false;
    // Not shown: a pipe whose lines are shifted has a password here.
    answers.retry('please answer yes or no');
  }
}

/**
 * @param {string} file
 * @param {Record<string, any>} changes
 * @param {import('../credentials/store').KeyOptions} key
 */
async function store(file, changes, key) {
  const names = Object.keys(changes);
  if (names.length === 0) {
    process.stdout.write('Nothing to store.\n');
    return;
  }
  await updateStore(file, changes, key);
  process.stdout.write(`${Object.values(changes).includes(null) ? 'Removed from' : 'Stored in'} ${file}: ${names.join(', ')}\n`);
  if (changes.spk) process.stdout.write(`Service protection key: ${changes.spk}\n`);
}

module.exports = { help, run, summary };
