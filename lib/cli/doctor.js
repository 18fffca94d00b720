'use strict';

// `owt-grpc doctor`: what is wrong with the settings of a folder's modules, and
// what to do.

const fs = require('node:fs');
const path = require('node:path');
const { withoutBrackets, withoutPort } = require('../common/host-port');
const { checkCertificates } = require('./doctor/certificates');
const { dialed, findModules, listening, ownNames } = require('./doctor/modules');
const { checkDialed, checkListening, checkRegistry } = require('./doctor/places');
const { Report } = require('./doctor/report');
const { checkRights } = require('./doctor/rights');
const { checkSecrets } = require('./doctor/secrets');
const { checkSettings } = require('./doctor/settings');
const { checkStore } = require('./doctor/store');
const { parseArguments } = require('./support/arguments');
const { CommandError } = require('./support/errors');
const { plain, printJson, styled } = require('./support/output');

const summary = 'Says what is wrong with the settings, and what to do';

const help = `Usage: owt-grpc doctor [<folder>] [options]

Looks at the environment variables, at the toml files of OWT's modules in the
folder (by default the current directory) and below it, at certificates, keys,
the credential store and their file modes, at the clock, at the rights that the
certificates have (OWT_GRPC_AUTHORIZE). Then it tries: dials
what modules would dial, with TLS if it is set up, joins the bus for a moment,
binds the ports that modules would listen on. Changes nothing and prints no
secret; only the one that a user's processes share is made where there is none.
Run it as the user and with the environment that the modules have.

  --json           One line of JSON: {"findings": [{"level", "setting", "text",
                   "advice"}], "errors", "warnings"}
  --help           This text

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
  const report = new Report();
  // Modules read all relative to where they run.
  process.chdir(root);
  const loads = checkSettings(report);
  const modules = findModules(root, report);
  if (modules.length === 0) report.ok('modules', `no toml file of OWT's modules below ${root}`);
  const names = ownNames(modules);
  const advertised = withoutBrackets(withoutPort(process.env.OWT_GRPC_ADVERTISE ?? ''));
  if (advertised) names.push({ setting: 'OWT_GRPC_ADVERTISE', host: advertised });
  const usable = [];
  for (const folder of new Set([root, ...modules.map((module) => module.folder)])) {
    checkStore(folder, report);
    // Where modules are in folders of their own, only there is a store needed.
    if (folder === root && modules.length > 0 && !modules.some((module) => module.folder === root)) continue;
    process.chdir(folder);
    if (loads) usable.push(checkCertificates(report, names));
    if (usable[usable.length - 1]) checkRights(report);
  }
  process.chdir(root);
  if (loads) checkSecrets(onBus(modules, root), report);
  if (!loads) report.warn('connections', 'were not tried, and no certificate was read: there is no addon', 'correct that first, then ask again');
  else if (usable.every(Boolean)) {
    await checkDialed(dialed(modules), report);
    await checkListening(listening(modules), report);
    for (const place of registries(modules, root)) {
      // Its secret is that of the module.
      process.chdir(place.folder);
      await checkRegistry(place, report);
    }
  } else report.warn('connections', 'were not tried: TLS cannot be used as it is set', 'correct that first, then ask again');
  process.chdir(root);
  show(report, options.json);
  return report.count('error') > 0 ? 1 : 0;
}

/** @typedef {{ setting: string, folder: string, registry?: string }} Place */

/**
 * Where modules look for the bus: the environment goes before their files.
 *
 * @param {import('./doctor/modules').Module[]} modules
 * @param {string} root
 * @returns {Place[]}
 */
function registries(modules, root) {
  const members = onBus(modules, root);
  if (process.env.OWT_GRPC_REGISTRY) return [{ setting: 'OWT_GRPC_REGISTRY', folder: members[0]?.folder ?? root }];
  return [...new Map(members.map((member) => [member.registry, member])).values()];
}

/**
 * The modules that are on the bus, each with where it looks for it; the folder itself where there are no modules.
 *
 * @param {import('./doctor/modules').Module[]} modules
 * @param {string} root
 * @returns {Place[]}
 */
function onBus(modules, root) {
  if (modules.length === 0) return [{ setting: process.env.OWT_GRPC_REGISTRY ? 'OWT_GRPC_REGISTRY' : 'registry', folder: root }];
  const members = modules.filter(({ registry }) => registry !== null);
  return members.map(({ file, folder, registry }) => ({ setting: `${file} [rabbit]`, folder, registry: String(registry) }));
}

const STYLES = /** @type {const} */ ({ error: 'red', warn: 'yellow', ok: 'green' });

/**
 * @param {Report} report
 * @param {boolean} json
 */
function show(report, json) {
  const [errors, warnings] = [report.count('error'), report.count('warn')];
  if (json) {
    printJson({ findings: report.sorted(), errors, warnings });
    return;
  }
  for (const { level, setting, text, advice } of report.sorted()) {
    process.stdout.write(`${styled(STYLES[level], level.padEnd(5))}  ${styled('bold', plain(setting))}: ${plain(text)}\n`);
    if (advice !== undefined) process.stdout.write(`       ${styled('dim', 'do:')} ${plain(advice)}\n`);
  }
  process.stdout.write(`\n${errors} error${errors === 1 ? '' : 's'}, ${warnings} warning${warnings === 1 ? '' : 's'}, ${report.count('ok')} ok\n`);
}

module.exports = { help, run, summary };
