'use strict';

// `owt-grpc certs`: a CA, and a pair for servers and one for clients, with what
// OWT's modules need to use them.

const fs = require('node:fs');
const path = require('node:path');
const { STORE, readStore, updateStore } = require('../credentials/store');
const { codeOf } = require('../common/errors');
const { passphrasesOf } = require('../credentials/passphrases');
const { authorityIn, checkKey, daysWithin } = require('./certs/authority');
const { RULES, makeRoles, placeRoles, refuseRoles, rolesOf } = require('./certs/by-role');
const { freshPassphrases, guideStyle, makeAll } = require('./certs/guide');
const { commonNameOf, hostsOf, hostsOfPresent } = require('./certs/hosts');
const { modernStyle } = require('./certs/modern');
const { needOpenssl, opensslIn } = require('./certs/openssl');
const { CA_STORE, report, reportRoles } = require('./certs/report');
const { openAnswers } = require('./support/prompt');
const { CommandError, UsageError } = require('./support/errors');
const { parseFolderAndOptions } = require('./support/arguments');

const DEFAULT_DAYS = 365;
const CA = ['ca.key', 'ca.crt'];
const PAIRS = ['server.key', 'server.crt', 'client.key', 'client.crt'];

const summary = 'Makes the certificates of TLS, and stores their passphrases';

const help = `Usage: owt-grpc certs [folder] [options]

Makes a CA, a pair for servers and a pair for clients in the folder, by default
the current one, and prints the variables that the modules are started with. The
passphrases of the keys are drawn at random and stored in ${STORE} of the
folder, that of the CA's in ${CA_STORE}. A CA that is there is used.

  --host HOST  Name or address that the certificates are for; can be repeated.
               By default localhost, 127.0.0.1, ::1 and this machine's name; of
               a renewal, what the server's certificate is for that it replaces
  --days N     How long they are valid, by default ${DEFAULT_DAYS}; a new CA is for ten years
  --rsa BITS   RSA keys of 2048 or 4096 bits, in place of ECDSA on P-256
  --renew      Replaces the pairs by new ones of the same CA
  --force      Replaces everything, the CA too
  --roles      A pair for each of OWT's modules, in a folder of its own, which says
               in its certificates which it is, and ${RULES}, by which that
               gives it rights (OWT_GRPC_AUTHORIZE)
  --ask        Asks for the passphrases: the CA's, the server's, the client's;
               from a pipe, a line each
  --legacy     What OWT's guide makes: version 1, one host name, RSA
  --json       The result as JSON
  --help       This text

Exit code: 0 made; 1 failed, or refused; 2 wrong options; 130 Ctrl-C.
`;

const OPTIONS = /** @type {const} */ ({
  host: 'list', days: 'value', rsa: 'value', renew: 'flag', force: 'flag', ask: 'flag', roles: 'flag', legacy: 'flag', json: 'flag',
});

/** @typedef {import('./certs/openssl').Passphrases} Passphrases @typedef {import('./certs/authority').Authority} Authority */

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
async function run(args) {
  const { folder: given = '.', options } = parseFolderAndOptions(args, OPTIONS);
  const asked = options.days === undefined ? null : number('days', options.days, 1, 36500);
  const rsa = options.rsa === undefined ? null : number('rsa', options.rsa, 2048, 4096);
  if (rsa !== null && rsa !== 2048 && rsa !== 4096) throw new UsageError('--rsa takes 2048 or 4096');
  if (options.roles && options.legacy) throw new UsageError('--legacy makes certificates that are for a host name only, and --roles needs more in them: give one of them');
  if (options.force && options.renew) throw new UsageError('--renew keeps the CA and --force replaces it: give one of them');
  // What is wrong with the command line is said before a folder is made.
  const isGuides = options.legacy === true;
  const hostsFrom = (/** @type {string[] | undefined} */ named) => (isGuides ? [commonNameOf(named)] : hostsOf(named));
  hostsFrom(options.host);
  const folder = made(given);
  const hosts = hostsFrom(options.host ?? (options.renew ? hostsOfPresent(folder, isGuides) : undefined));
  const authority = options.force ? null : await authorityIn(folder);
  refuseToOverwrite(folder, authority, options);
  const days = authority === null ? asked ?? DEFAULT_DAYS : daysWithin(authority, asked, DEFAULT_DAYS);
  await needOpenssl();
  const passphrases = await passphrasesFor(folder, authority, options);

  let areNewRules = false;
  await inTemporaryFolder(folder, async (work) => {
    const openssl = opensslIn(work, passphrases);
    const style = options.legacy ? guideStyle(openssl, { cn: hosts[0], bits: rsa ?? 4096, days }) : modernStyle(work, openssl, passphrases, { hosts, rsa, days });
    if (authority !== null) for (const name of CA) fs.copyFileSync(path.join(folder, name), path.join(work, name));
    const isNewCa = authority === null;
    if (options.roles) await makeRoles(work, folder, { passphrases, isAsked: options.ask === true, isNewCa, settings: { hosts, rsa, days } });
    else await makeAll(style, isNewCa);
    if (isNewCa) await updateStore(path.join(folder, CA_STORE), { caPass: passphrases.ca });
    if (isNewCa) place(work, folder, CA);
    if (options.roles) areNewRules = placeRoles(work, folder, options.force === true);
    else {
      await updateStore(path.join(folder, STORE), { grpc: { serverPass: passphrases.server, clientPass: passphrases.client } });
      place(work, folder, PAIRS);
    }
  });
  const result = { folder, hosts, days, newCa: authority === null };
  if (options.roles) reportRoles({ ...result, rules: path.join(folder, RULES), newRules: areNewRules, roles: rolesOf(folder) }, options.json === true);
  else report({ ...result, variables: variablesOf(folder) }, options.json === true);
  return 0;
}

/**
 * @param {string} work
 * @param {string} folder
 * @param {string[]} names
 */
function place(work, folder, names) {
  for (const name of names) {
    fs.chmodSync(path.join(work, name), name.endsWith('.key') ? 0o600 : 0o644);
    fs.renameSync(path.join(work, name), path.join(folder, name));
  }
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} least
 * @param {number} most
 */
function number(name, text, least, most) {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${name} takes a whole number from ${least} to ${most}`);
}

/** @param {string} folder */
function made(folder) {
  try {
    // One by one: where a folder cannot have any, as /proc, mkdirSync with `recursive`
    // tries for ever.
    const missing = [];
    for (let at = path.resolve(folder); !fs.existsSync(at); at = path.dirname(at)) missing.unshift(at);
    for (const name of missing) fs.mkdirSync(name, { mode: 0o700 });
    return fs.realpathSync(folder);
  } catch (error) {
    throw new CommandError(`${folder} cannot be made a folder (${codeOf(error)})`);
  }
}

/**
 * @param {string} folder
 * @param {Authority | null} authority
 * @param {Record<string, any>} options
 */
function refuseToOverwrite(folder, authority, options) {
  if (options.renew && authority === null) throw new CommandError(`${folder} has no CA (ca.crt and ca.key) to renew with`);
  if (options.roles) {
    refuseRoles(folder, options);
    return;
  }
  const present = PAIRS.filter((name) => fs.existsSync(path.join(folder, name)));
  if (present.length > 0 && !options.renew && !options.force) {
    throw new CommandError(`${folder} has ${present.join(', ')} already: --renew makes new pairs of the same CA, --force makes everything anew`);
  }
}

/**
 * Of a renewal they stay as they are, so that the store always fits the keys.
 *
 * @param {string} folder
 * @param {Authority | null} authority
 * @param {Record<string, any>} options
 * @returns {Promise<Passphrases>}
 */
async function passphrasesFor(folder, authority, options) {
  const file = path.join(folder, STORE);
  const stored = passphrasesOf(readStore(file)?.reveal() ?? {}, file);
  const caPass = readStore(path.join(folder, CA_STORE))?.reveal().caPass;
  const passphrases = options.ask ? await askedFor(authority) : freshPassphrases();
  if (options.renew && !options.ask) {
    passphrases.server = stored.server?.reveal() ?? passphrases.server;
    passphrases.client = stored.client?.reveal() ?? passphrases.client;
  }
  if (authority === null) return passphrases;
  if (!options.ask) {
    if (authority.isEncrypted && typeof caPass !== 'string') throw new CommandError(`ca.key is encrypted, and ${folder} has no ${CA_STORE} with its passphrase: use --ask`);
    passphrases.ca = caPass ?? '';
  }
  checkKey(authority, passphrases.ca);
  return passphrases;
}

/**
 * @param {Authority | null} authority
 * @returns {Promise<Passphrases>}
 */
async function askedFor(authority) {
  // What is printed on stdout is for a shell.
  const answers = openAnswers(process.stdin, /** @type {any} */ (process.stderr));
  const ask = async (/** @type {string} */ whose, /** @type {boolean} */ isNew) => {
    for (;;) {
      const answer = await answers.ask(`Passphrase of the ${whose} key: `, { hidden: true });
      const bytes = Buffer.byteLength(answer);
      if (!isNew || (bytes >= 4 && bytes <= 1000 && !answer.includes('\0'))) return answer;
      answers.retry('a passphrase has 4 to 1000 bytes');
    }
  };
  try {
    return { ca: await ask("CA's", authority === null), server: await ask("server's", true), client: await ask("client's", true) };
  } finally {
    answers.close();
  }
}

/**
 * All or nothing: what was begun is never seen.
 *
 * @param {string} folder
 * @param {(work: string) => Promise<void>} action
 */
async function inTemporaryFolder(folder, action) {
  let work;
  try {
    work = fs.mkdtempSync(path.join(folder, '.owt-grpc-certs-'));
  } catch (error) {
    throw new CommandError(`${folder} cannot be written (${codeOf(error)}); run this as the user who owns it`);
  }
  try {
    await action(work);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** @param {string} folder */
function variablesOf(folder) {
  return {
    OWT_GRPC_ROOT_CERT: path.join(folder, 'ca.crt'),
    OWT_GRPC_SERVER_CERT: path.join(folder, 'server.crt'),
    OWT_GRPC_SERVER_KEY: path.join(folder, 'server.key'),
    OWT_GRPC_CLIENT_CERT: path.join(folder, 'client.crt'),
    OWT_GRPC_CLIENT_KEY: path.join(folder, 'client.key'),
  };
}

module.exports = { help, run, summary };
