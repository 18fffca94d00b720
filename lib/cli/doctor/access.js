'use strict';

// Stores, certificates, secrets: what modules prove themselves by, each as it is in
// the folder that the module starts in.

const path = require('node:path');
const { SETTINGS } = require('../../common/environment');
const { ownNames } = require('./addresses');
const { advertisedHost } = require('./advertised');
const { checkCertificates } = require('./certificates');
const { onBus } = require('./meeting');
const { checkRights } = require('./rights');
const { checkSecrets } = require('./secrets');
const { checkMissing, checkPassphrases, checkStores, storeIn } = require('./stores');

/**
 * Changes the current directory.
 *
 * @param {string} root
 * @param {import('./modules').Module[]} modules
 * @param {boolean} loads whether the addon does, without which no certificate is read
 * @param {string | undefined} first address of this machine
 * @param {import('./report').Report} report
 * @returns {boolean} whether connections can be tried
 */
function checkAccess(root, modules, loads, first, report) {
  const places = new Map(modules.map(({ name, folder }) => [folder, { name, folder }]));
  // Where modules are in folders of their own, only there is a store needed.
  const needed = modules.length === 0 ? [root] : [...places.keys()];
  const stores = [...new Map([[root, { name: '.', folder: root }], ...places]).values()].map(storeIn);
  checkStores(stores, report);
  const folders = new Set(modules.filter(({ grpc }) => !grpc).map(({ folder }) => folder));
  const missing = checkMissing(stores.filter(({ folder }) => folders.has(folder)), report).map(({ folder }) => folder);
  if (!loads) return false;
  const host = advertisedHost();
  const names = [...ownNames(modules, first), ...(host === null ? [] : [{ about: 'OWT_GRPC_ADVERTISE', host }])];
  const likeness = likenessOf(stores);
  /** @type {Map<string, ReturnType<typeof checkCertificates>>} */
  const judged = new Map();
  for (const store of stores.filter(({ folder }) => needed.includes(folder))) {
    if (judged.has(likeness(store.folder))) continue;
    process.chdir(store.folder);
    const found = checkCertificates(report, store, names);
    if (found.isUsable) checkRights(report);
    judged.set(likeness(store.folder), found);
  }
  checkPassphrases(stores.filter(({ folder }) => needed.includes(folder) && judged.get(likeness(folder))?.lacksPassphrase), stores, report);
  checkSecrets(onBus(modules, root).filter(({ folder }) => !missing.includes(folder)), likeness, report);
  return [...judged.values()].every((found) => found.isUsable);
}

/**
 * Most modules have copies of one store. What it opens is the same in each, unless files are named from their folders.
 *
 * @param {import('./stores').Store[]} stores
 * @returns {(folder: string) => string}
 */
function likenessOf(stores) {
  const isRelative = Object.entries(SETTINGS).some(([name, { kind }]) => kind === 'file' && process.env[name] && !path.isAbsolute(String(process.env[name])));
  return (folder) => (isRelative ? folder : String(stores.find((store) => store.folder === folder)?.fingerprint));
}

module.exports = { checkAccess };
