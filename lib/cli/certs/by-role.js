'use strict';

// A pair of certificates for each of OWT's modules, in a folder of its own with what the
// module is started with, and the rules by which their names give them rights.

const fs = require('node:fs');
const path = require('node:path');
const { passphrasesOf } = require('../../credentials/passphrases');
const { STORE, readStore, updateStore } = require('../../credentials/store');
const { CommandError } = require('../support/errors');
const { freshPassphrases, makeAll } = require('./guide');
const { modernStyle } = require('./modern');
const { opensslIn } = require('./openssl');
const { ROLES, rulesText, uriOf } = require('./roles');

/** @typedef {import('./openssl').Passphrases} Passphrases */

const RULES = 'authorize.json';
const FILES = ['server.key', 'server.crt', 'client.key', 'client.crt'];

/** @param {string} folder @returns {string[]} what there is of them already */
const presentRoles = (folder) => Object.keys(ROLES).filter((role) => FILES.some((name) => fs.existsSync(path.join(folder, role, name))));

/**
 * Makes them in a folder to work in, which has the CA or gets one.
 *
 * @param {string} work
 * @param {string} folder where they will be
 * @param {{ passphrases: Passphrases, isAsked: boolean, isNewCa: boolean, settings: import('./modern').Settings }} how
 */
async function makeRoles(work, folder, { passphrases, isAsked, isNewCa, settings }) {
  let needsCa = isNewCa;
  for (const role of Object.keys(ROLES)) {
    const own = isAsked ? passphrases : { ...storedOrFresh(path.join(folder, role, STORE)), ca: passphrases.ca };
    await makeAll(modernStyle(work, opensslIn(work, own), own, { ...settings, uri: uriOf(role), subject: role }), needsCa);
    needsCa = false;
    fs.mkdirSync(path.join(work, role));
    for (const name of FILES) fs.renameSync(path.join(work, name), path.join(work, role, name));
    fs.writeFileSync(path.join(work, role, 'variables.sh'), variablesText(folder, role));
    await updateStore(path.join(work, role, STORE), { grpc: { serverPass: own.server, clientPass: own.client } });
  }
}

/**
 * A renewal keeps them, so that the store always fits the keys.
 *
 * @param {string} file the role's store
 * @returns {Passphrases}
 */
function storedOrFresh(file) {
  const fresh = freshPassphrases();
  const { server, client } = passphrasesOf(readStore(file)?.reveal() ?? {}, file);
  return { ...fresh, server: server?.reveal() ?? fresh.server, client: client?.reveal() ?? fresh.client };
}

/**
 * Puts what was made where it belongs. Rules that are there may have been edited: they
 * stay.
 *
 * @param {string} work
 * @param {string} folder
 * @param {boolean} isForced the rules, too, are made anew
 * @returns {boolean} whether the rules are new
 */
function placeRoles(work, folder, isForced) {
  for (const role of Object.keys(ROLES)) {
    const place = path.join(folder, role);
    if (!fs.existsSync(place)) fs.mkdirSync(place, { mode: 0o700 });
    for (const name of [STORE, ...FILES, 'variables.sh']) {
      const from = path.join(work, role, name);
      fs.chmodSync(from, name.endsWith('.key') || name === STORE ? 0o600 : 0o644);
      fs.renameSync(from, path.join(place, name));
    }
  }
  const rules = path.join(folder, RULES);
  const isNew = isForced || !fs.existsSync(rules);
  if (isNew) fs.writeFileSync(rules, rulesText());
  return isNew;
}

/** @param {string} folder @param {string} role */
function variablesOf(folder, role) {
  return {
    OWT_GRPC_ROOT_CERT: path.join(folder, 'ca.crt'),
    OWT_GRPC_SERVER_CERT: path.join(folder, role, 'server.crt'),
    OWT_GRPC_SERVER_KEY: path.join(folder, role, 'server.key'),
    OWT_GRPC_CLIENT_CERT: path.join(folder, role, 'client.crt'),
    OWT_GRPC_CLIENT_KEY: path.join(folder, role, 'client.key'),
    OWT_GRPC_AUTHORIZE: path.join(folder, RULES),
  };
}

/** @param {string} folder @param {string} role */
const variablesText = (folder, role) => Object.entries(variablesOf(folder, role)).map(([name, value]) => `export ${name}=${quoted(value)}\n`).join('');

/** @param {string} value for a shell */
const quoted = (value) => (/^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replace(/'/g, "'\\''")}'`);

/**
 * @param {string} folder
 * @param {{ renew?: boolean, force?: boolean }} options
 */
function refuseRoles(folder, { renew, force }) {
  const present = presentRoles(folder);
  if (present.length === 0 || renew || force) return;
  throw new CommandError(`${folder} has pairs of ${present.join(', ')} already: --renew makes new pairs of the same CA, --force makes everything anew`);
}

/** @param {string} folder */
const rolesOf = (folder) => Object.fromEntries(Object.keys(ROLES).map((role) => [role, variablesOf(folder, role)]));

module.exports = { RULES, makeRoles, placeRoles, quoted, refuseRoles, rolesOf };
