'use strict';

// `owt-grpc doctor`: what is wrong with the settings of a folder's modules, and
// what to do. The rooms of doctor/ look at one matter each. Their order is that of
// the findings: first what the rest may follow from.

const fs = require('node:fs');
const path = require('node:path');
const { SETTINGS } = require('../common/environment');
const { parseHostPort, withoutBrackets, withoutPort } = require('../common/host-port');
const { checkModes, dialed, listening, ownNames } = require('./doctor/addresses');
const { advertisedHost, checkAdvertised } = require('./doctor/advertised');
const { checkAgreement } = require('./doctor/agreement');
const { checkCertificates } = require('./doctor/certificates');
const { checkEngine } = require('./doctor/engine');
const { locate } = require('./doctor/hosts');
const { findModules } = require('./doctor/modules');
const { network: ofThisMachine } = require('./doctor/network');
const { checkDialed, checkListening } = require('./doctor/places');
const { checkRegistry } = require('./doctor/registry');
const { Report, inFiles } = require('./doctor/report');
const { checkRights } = require('./doctor/rights');
const { checkSecrets } = require('./doctor/secrets');
const { checkSettings } = require('./doctor/settings');
const { show, showJson } = require('./doctor/show');
const { checkMissing, checkPassphrases, checkStores, storeIn } = require('./doctor/stores');
const { checkSwapped } = require('./doctor/swapped');
const { parseArguments } = require('./support/arguments');
const { CommandError } = require('./support/errors');
const { plain } = require('./support/output');

const summary = 'Says what is wrong with the settings, and what to do';

const help = `Usage: owt-grpc doctor [<folder>] [options]

Looks at the modules of OWT in the folder (by default the current directory) and
below it: whether all of them load owt-grpc and find it, whether their toml files
agree, whether this is the Node.js that starts them. Looks at the environment
variables, at certificates, keys, the credential stores and their file modes, at
the clock, at the rights that the certificates have (OWT_GRPC_AUTHORIZE). Then it
tries: dials what modules would dial, with TLS if it is set up, joins the bus for
a moment and dials its members, binds the ports that modules would listen on.
Changes nothing and prints no secret; only the one that a user's processes share
is made where there is none. Run it as the user and with the environment that the
modules have.

  --json           One line of JSON: {"findings": [{"level", "setting", "places",
                   "text", "advice"}], "errors", "warnings"}
  --help           This text

A finding is an error, a warning (warn), a note, which is good to know, or ok.
Exit code: 0 no errors, though maybe warnings; 1 errors; 2 wrong options.
`;

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
async function run(args) {
  const { operands, options } = parseArguments(args, { json: 'flag' }, ['folder?']);
  const root = path.resolve(operands[0] ?? '.');
  if (!fs.statSync(root, { throwIfNoEntry: false })?.isDirectory()) throw new CommandError(`there is no directory ${plain(root)}`);
  const report = await examine(root);
  if (options.json) showJson(report);
  else show(report);
  return report.count('error') > 0 ? 1 : 0;
}

/**
 * Modules read all relative to where they run, so this changes the current directory, and goes back.
 *
 * @param {string} root
 * @param {import('./doctor/network').Network} [network] what is asked of the machine and of others
 * @returns {Promise<Report>}
 */
async function examine(root, network = ofThisMachine) {
  const home = process.cwd();
  const report = new Report();
  try {
    const modules = findModules(root, report);
    const members = onBus(modules, root);
    process.chdir(members.length > 0 ? members[0].folder : root);
    const settings = checkSettings(report);
    const { loads } = settings;
    if (modules.length === 0) report.ok('modules', `no toml file of OWT's modules below ${root}`);
    const first = network.addresses().find((address) => !address.includes(':'));
    const whereIs = await locate(hostsIn(modules), network);
    checkAgreement(modules, whereIs, report);
    checkSwapped(root, modules, report);
    checkEngine(root, report);
    checkAdvertised(modules, whereIs, report);
    checkModes(modules, first, report);
    const isUsable = checkAccess(root, modules, loads, first, report);
    if (!loads) report.warn('connections', 'were not tried, and no certificate was read: there is no addon', 'correct that first, then ask again');
    else if (!isUsable) report.warn('connections', 'were not tried: TLS cannot be used as it is set', 'correct that first, then ask again');
    else await checkConnections(modules, settings.isUsable ? registries(modules, root) : [], whereIs, network, report);
  } finally {
    process.chdir(home);
  }
  return report;
}

/**
 * Stores, certificates, secrets: what modules prove themselves by.
 *
 * @param {string} root
 * @param {import('./doctor/modules').Module[]} modules
 * @param {boolean} loads whether the addon does, without which no certificate is read
 * @param {string | undefined} first address of this machine
 * @param {Report} report
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
 * @param {import('./doctor/stores').Store[]} stores
 * @returns {(folder: string) => string}
 */
function likenessOf(stores) {
  const isRelative = Object.entries(SETTINGS).some(([name, { kind }]) => kind === 'file' && process.env[name] && !path.isAbsolute(String(process.env[name])));
  return (folder) => (isRelative ? folder : String(stores.find((store) => store.folder === folder)?.fingerprint));
}

/**
 * @param {import('./doctor/modules').Module[]} modules
 * @param {ReturnType<typeof registries>} places of registries
 * @param {(host: string) => import('./doctor/hosts').Where} whereIs
 * @param {import('./doctor/network').Network} network
 * @param {Report} report
 */
async function checkConnections(modules, places, whereIs, network, report) {
  await checkDialed(dialed(modules), modules, whereIs, network, report);
  await checkListening(listening(modules), network, report);
  for (const { folder, ...place } of places) {
    // Its secret is that of the module.
    process.chdir(folder);
    await checkRegistry(place, whereIs, network, report);
  }
}

/**
 * The modules that are on the bus, each with where it looks for it; the folder itself where there are no modules.
 *
 * @param {import('./doctor/modules').Module[]} modules
 * @param {string} root
 * @returns {import('./doctor/secrets').Place[]}
 */
function onBus(modules, root) {
  if (modules.length === 0) return [{ about: process.env.OWT_GRPC_REGISTRY ? 'OWT_GRPC_REGISTRY' : 'the default registry', folder: root }];
  const members = modules.filter(({ registry }) => registry !== null);
  return members.map(({ file, folder, registry }) => ({ about: inFiles(file, '[rabbit]'), folder, registry: String(registry) }));
}

/**
 * Where the modules that load owt-grpc look for the bus: the environment goes before their files.
 *
 * @param {import('./doctor/modules').Module[]} modules
 * @param {string} root
 */
function registries(modules, root) {
  const isLeft = (/** @type {import('./doctor/modules').Module} */ { programs }) => programs.some(({ surface, whose }) => surface === 'amqpClient' && whose !== 'ours');
  const swapped = modules.filter((module) => !isLeft(module));
  const members = modules.length > 0 && swapped.length === 0 ? [] : onBus(swapped, root);
  if (process.env.OWT_GRPC_REGISTRY) return members.slice(0, 1).map(({ folder }) => ({ about: 'OWT_GRPC_REGISTRY', folder, registry: undefined, stands: '' }));
  return [...new Set(members.map(({ registry }) => registry))].map((registry) => {
    const meeting = swapped.filter((module) => module.registry === registry);
    const port = meeting.map(({ values }) => values['rabbit.port']).find((one) => one !== undefined && !String(registry).endsWith(`:${one}`));
    const stands = port === undefined ? '' : ` (port ${port} is the broker's, and stands for it)`;
    return { about: meeting.length > 0 ? inFiles(meeting.map(({ file }) => file), '[rabbit]') : members[0].about, folder: meeting[0]?.folder ?? root, registry, stands };
  });
}

/** Hosts that the settings name. @param {import('./doctor/modules').Module[]} modules */
function hostsIn(modules) {
  const places = [...dialed(modules).map(({ target }) => target), ...modules.flatMap(({ registry }) => registry ?? []), process.env.OWT_GRPC_REGISTRY ?? ''];
  return [...places.filter((place) => parseHostPort(place) !== null).map((place) => withoutBrackets(withoutPort(place))), ...[advertisedHost() ?? []].flat()];
}

module.exports = { examine, help, run, summary };
