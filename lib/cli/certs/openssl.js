'use strict';

// Node.js makes keys but signs no certificates: the machine's openssl does.
// Passphrases go through the environment, since every user can read arguments.

const { execFile } = require('node:child_process');
const { promisify } = require('node:util');
const { codeOf } = require('../../common/errors');
const { CommandError } = require('../support/errors');

const run = promisify(execFile);

/** @typedef {{ ca: string, server: string, client: string }} Passphrases */
/** @typedef {(...args: string[]) => Promise<void>} Openssl */

const VARIABLES = { ca: 'OWT_GRPC_CA_PASS', server: 'OWT_GRPC_SERVER_PASS', client: 'OWT_GRPC_CLIENT_PASS' };

/**
 * Where openssl finds a passphrase, as its -passin and -passout take it.
 *
 * @param {keyof Passphrases} name
 */
const from = (name) => `env:${VARIABLES[name]}`;

/**
 * @param {string} folder
 * @param {Passphrases} passphrases
 * @returns {Openssl}
 */
function opensslIn(folder, passphrases) {
  const secrets = { [VARIABLES.ca]: passphrases.ca, [VARIABLES.server]: passphrases.server, [VARIABLES.client]: passphrases.client };
  return async (...args) => {
    try {
      await run('openssl', args, { cwd: folder, env: { ...process.env, ...secrets } });
    } catch (error) {
      throw explained(error, args[0]);
    }
  };
}

/**
 * What a certificate says, as openssl reads it.
 *
 * @param {string} file
 * @returns {Promise<{ publicKey: string, endsAt: Date, isCa: boolean } | null>} null if it is no certificate
 */
async function readCertificate(file) {
  let said;
  try {
    said = (await run('openssl', ['x509', '-in', file, '-noout', '-pubkey', '-enddate', '-purpose'])).stdout;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw explained(error, 'x509');
    return null;
  }
  const [publicKey] = /-----BEGIN PUBLIC KEY-----[^]+-----END PUBLIC KEY-----/.exec(said) ?? [''];
  // Of openssl's purposes the one that looks at nothing but whether it is a CA's. A
  // certificate of version 1, which cannot say so, is "Yes (WARNING code=3)".
  return { publicKey, endsAt: new Date(/^notAfter=(.*)$/m.exec(said)?.[1] ?? NaN), isCa: /^CRL signing CA : Yes\s*$/m.test(said) };
}

/** Throws unless there is an openssl. */
async function needOpenssl() {
  await opensslIn('.', { ca: '', server: '', client: '' })('version');
}

/**
 * @param {unknown} error
 * @param {string} command
 */
function explained(error, command) {
  if (codeOf(error) === 'ENOENT') return new CommandError('openssl is needed to sign certificates, and there is none in the PATH: install the package openssl');
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return new CommandError(`openssl ${command} failed: ${said || String(error)}`);
}

module.exports = { from, needOpenssl, opensslIn, readCertificate };
