'use strict';

// `owt-grpc doctor`: what is wrong with the settings of a folder's modules, and
// what to do. The rooms of doctor/ look at one matter each. Their order is that of
// the findings: first what the rest may follow from.

const fs = require('node:fs');
const path = require('node:path');
const { checkAccess } = require('./doctor/access');
const { checkModes, dialed, listening } = require('./doctor/addresses');
const { checkAdvertised } = require('./doctor/advertised');
const { checkAgreement } = require('./doctor/agreement');
const { checkEngine } = require('./doctor/engine');
const { locate } = require('./doctor/hosts');
const { hostsIn, onBus, registries, resolveRegistries } = require('./doctor/meeting');
const { findModules } = require('./doctor/modules');
const { network: ofThisMachine } = require('./doctor/network');
const { checkDialed, checkListening } = require('./doctor/places');
const { checkRegistry } = require('./doctor/registry');
const { Report } = require('./doctor/report');
const { checkSettings } = require('./doctor/settings');
const { show, showJson } = require('./doctor/show');
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
  if (!mayRead(root)) throw new CommandError(`${plain(root)} cannot be read (EACCES): run this as the user that runs the modules`);
  const report = await examine(root);
  if (options.json) showJson(report);
  else show(report);
  return report.count('error') > 0 ? 1 : 0;
}

/** @param {string} folder */
function mayRead(folder) {
  try {
    fs.accessSync(folder, fs.constants.R_OK | fs.constants.X_OK);
    return true;
  } catch {
    return false;
  }
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
    process.chdir(onBus(modules, root)[0]?.folder ?? root);
    resolveRegistries(modules);
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

module.exports = { examine, help, run, summary };
