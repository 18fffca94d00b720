'use strict';

// The credential stores of the modules. Nothing of what is in them is told.

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { STORE, StoreError, grpcPassphrases, readStore } = require('../../credentials/store');
const { inFolders } = require('./report');

/**
 * @typedef {import('./report').Report} Report
 *
 * @typedef {object} Store
 * @property {string} name its folder, from the one that is looked at
 * @property {string} folder
 * @property {boolean} isThere
 * @property {number} mode 0 where it is not there
 * @property {string} fingerprint the same for copies of one store, and where there is none
 * @property {string[]} entries by name
 * @property {boolean} hasPassword RabbitMQ's, which is the secret of the bus where no other is set
 * @property {{ server: boolean, client: boolean }} passphrases of the keys of TLS that it has
 * @property {StoreError | null} error why it cannot be used
 */

/**
 * @param {{ name: string, folder: string }} place
 * @returns {Store}
 */
function storeIn({ name, folder }) {
  const file = path.join(folder, STORE);
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  const store = { name, folder, isThere: stat !== undefined, mode: (stat?.mode ?? 0) & 0o777, fingerprint: '', entries: /** @type {string[]} */ ([]), hasPassword: false, passphrases: { server: false, client: false }, error: /** @type {StoreError | null} */ (null) };
  if (!store.isThere) return store;
  try {
    const entries = readStore(file)?.reveal() ?? {};
    store.fingerprint = createHash('sha256').update(JSON.stringify(entries)).digest('hex');
    const { server, client } = grpcPassphrases(folder);
    store.entries = Object.keys(entries).filter((key) => entries[key] !== null).sort();
    store.hasPassword = Boolean(entries.rabbit?.password);
    store.passphrases = { server: server !== null, client: client !== null };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    store.error = error;
    store.fingerprint = folder;
  }
  return store;
}

/**
 * @param {Store[]} stores
 * @param {Report} report
 */
function checkStores(stores, report) {
  const there = stores.filter(({ isThere }) => isThere);
  for (const { name, folder, error } of there) {
    if (error === null) continue;
    const text = error.message.replace(`${path.join(folder, STORE)}: `, '');
    // Of one that another user has made nothing is wrong but that.
    const isOthers = error.code === 'UNREADABLE';
    report.error(inFolders(name, STORE), text, isOthers ? 'run this, and the modules, as its owner, or give it to the user that runs the modules (chown)' : 'run `owt-grpc auth` there, as the user that runs the module');
  }
  const open = there.filter(({ mode }) => process.platform !== 'win32' && (mode & 0o077) !== 0);
  for (const mode of new Set(open.map((store) => store.mode))) {
    const alike = open.filter((store) => store.mode === mode).map(({ name }) => name);
    report.warn(inFolders(alike, STORE), `can be read or written by others than its owner (mode ${mode.toString(8)}): what is in it is theirs, the cluster's secret, too`, `chmod 600 ${alike.map((name) => word(path.join(name, STORE))).join(' ')}`);
  }
  for (const { name, entries, error, hasPassword } of there) {
    if (error === null) report.ok(inFolders(name, STORE), entries.length === 0 ? 'is empty' : `has ${entries.join(', ')}`);
    if (hasPassword) report.ok(inFolders(name, STORE), 'of the RabbitMQ account in it the password is the secret of the bus, where no other is set');
  }
}

/**
 * Modules on the bus prove RabbitMQ's password to each other if no other secret is set, and so either all have it or none.
 * OWT's bin/init-all.sh copies the store to most modules, and not to all.
 *
 * @param {Store[]} stores of the modules on the bus
 * @param {Report} report
 * @returns {Store[]} those that lack one
 */
function checkMissing(stores, report) {
  const { env } = process;
  const isSet = env.OWT_GRPC_CLUSTER_SECRET || env.OWT_GRPC_CLUSTER_SECRET_FILE || env.OWT_GRPC_SECRET_MODE === 'off';
  const [source] = stores.filter(({ hasPassword }) => hasPassword);
  const lacking = stores.filter(({ isThere }) => !isThere);
  if (isSet || source === undefined || lacking.length === 0) return [];
  const having = stores.filter(({ hasPassword }) => hasPassword).length;
  report.error(inFolders(lacking.map(({ name }) => name), STORE), `is not there, and ${having} other module${having === 1 ? ' has' : 's have'} one with RabbitMQ's password, which is the secret of the bus: without it a module is refused`, copying(source, lacking));
  return lacking;
}

/**
 * Passphrases that `owt-grpc certs` has drawn at random are in a store beside the keys, and nobody can type them.
 *
 * @param {Store[]} lacking without the passphrases that the keys of TLS need
 * @param {Store[]} all
 * @param {Report} report
 */
function checkPassphrases(lacking, all, report) {
  const beside = path.dirname(path.resolve(process.env.OWT_GRPC_SERVER_KEY ?? ''));
  const isWhole = (/** @type {Store} */ { passphrases }) => passphrases.server && passphrases.client;
  const source = [...all, storeIn({ name: beside, folder: beside })].find(isWhole);
  const [none, others] = [lacking.filter(({ isThere }) => !isThere), lacking.filter(({ isThere }) => isThere)];
  const missing = 'the keys of TLS are encrypted, and their passphrases are';
  const inFirst = 'run `owt-grpc auth --grpc` in one of these folders, and copy its store to the others';
  if (none.length > 0) report.error(inFolders(none.map(({ name }) => name), STORE), `is not there: ${missing} looked for in it`, source === undefined ? inFirst : copying(source, none));
  if (others.length > 0) {
    const add = source && `${source.name === beside ? 'put what these stores have into that of the keys, too' : 'put both into one store'}: \`owt-grpc auth --rabbitmq --dir ${word(source.name)}\`; then ${copying(source, others)}`;
    report.error(inFolders(others.map(({ name }) => name), STORE), `has none of them: ${missing} not in it`, add ?? inFirst);
  }
}

/**
 * The command that gives folders the store of another.
 *
 * @param {{ name: string }} source
 * @param {{ name: string }[]} lacking
 */
function copying({ name }, lacking) {
  const [file, names] = [word(path.join(name, STORE)), lacking.map((store) => word(store.name))];
  return names.length === 1 ? `cp -p ${file} ${names[0]}/` : `for to in ${names.join(' ')}; do cp -p ${file} $to/; done`;
}

/** As a shell takes it. @param {string} text */
const word = (text) => (/^[\w./@-]+$/.test(text) ? text : `'${text.replace(/'/g, '\'\\\'\'')}'`);

module.exports = { checkMissing, checkPassphrases, checkStores, storeIn };
