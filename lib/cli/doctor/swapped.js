'use strict';

// Whether the modules use owt-grpc, all of them, and find it. One that was left out
// is the likeliest mistake: it is alone, and nothing else shows it.

const path = require('node:path');
const { createRequire } = require('node:module');
const { messageOf } = require('../../common/errors');
const { readJournal } = require('../swap/journal');
const { SURFACES } = require('../swap/known');
const { version } = require('../support/version');
const { inFiles, inFolders, inModules } = require('./report');

/**
 * @typedef {import('./report').Report} Report
 * @typedef {import('./modules').Module} Module
 * @typedef {import('./programs').Program} Program
 */

/**
 * @param {string} root
 * @param {Module[]} modules
 * @param {Report} report
 */
function checkSwapped(root, modules, report) {
  checkJournal(root, report);
  const all = modules.flatMap((module) => module.programs.map((program) => ({ ...program, module, shown: path.join(module.name, program.file) })));
  for (const { shown, surface, whose } of all) {
    if (whose === 'other') report.error(inFiles(shown), `loads the other half of owt-grpc than ${surface}, which it stands for`, `let it load owt-grpc/${surface}; \`owt-grpc swap . --force\` does`);
    if (whose === 'unreadable') report.error(inFiles(shown), 'cannot be read', 'run this as the user that runs the module');
  }
  for (const surface of SURFACES) checkSurface(surface, all, modules, report);
  checkFound(root, modules.filter(({ programs }) => programs.some(({ whose }) => whose === 'ours')), report);
}

/** @param {{ shown: string }} program */
const folderOf = ({ shown }) => path.dirname(shown);

/** @param {string} root @param {Report} report */
function checkJournal(root, report) {
  try {
    if (readJournal(root)?.isComplete === false) report.error('swap', 'was cut off here: some files may be changed, and others not', '`owt-grpc swap .` completes it, `owt-grpc swap . --undo` puts everything back');
  } catch (error) {
    report.error('swap', messageOf(error), 'correct that: `owt-grpc swap . --undo` needs it');
  }
}

/**
 * @param {import('../swap/known').Surface} surface
 * @param {(Program & { module: Module, shown: string })[]} all
 * @param {Module[]} modules
 * @param {Report} report
 */
function checkSurface(surface, all, modules, report) {
  const programs = all.filter((program) => program.surface === surface && program.module.grpc === (surface === 'grpcTools'));
  const ours = programs.filter(({ whose }) => whose === 'ours');
  const left = programs.filter(({ whose }) => whose === 'theirs' || whose === 'modified');
  if (left.length === 0) return;
  const about = inFolders(left.map(folderOf), `${surface}.js`);
  const isModified = left.some(({ whose }) => whose === 'modified');
  // Who has swapped the one half only goes on with that.
  const half = all.some((other) => other.surface !== surface && other.whose === 'ours') ? '' : { amqpClient: ' --amqp', grpcTools: ' --grpc' }[surface];
  const advice = `\`owt-grpc swap .${half}\`${isModified ? ', with --force where the file was modified,' : ''} and start the modules anew`;
  const what = isModified ? 'does not load owt-grpc' : 'is OWT\'s own';
  const halves = left.filter(({ module }) => ours.some((other) => other.module === module));
  const stay = surface === 'amqpClient' && modules.some(({ grpc }) => grpc) && left.every(({ module }) => !module.hasGrpcMode);
  if (stay && ours.length === 0) report.note(about, `${what}: a module that has no gRPC mode stays on RabbitMQ, where those in gRPC mode are not`);
  else if (ours.length === 0) report.error(about, `${what}, as in all modules: owt-grpc is not in use`, advice);
  else if (surface === 'amqpClient') report.error(about, `${what} and talks to RabbitMQ, where ${ours.length === 1 ? 'the other module is' : `the ${ours.length} other modules are`} not: nobody finds it`, advice);
  else if (halves.length > 0) report.error(inFolders(halves.map(folderOf), `${surface}.js`), `${what}, and its module loads owt-grpc elsewhere: it is half swapped`, advice);
  else report.warn(about, `${what} and talks to others by grpc-js, which those that are swapped understand: left out, or not swapped yet`, advice);
}

/**
 * @param {string} root
 * @param {Module[]} swapped
 * @param {Report} report
 */
function checkFound(root, swapped, report) {
  for (const { name, folder } of swapped) {
    const found = versionFor(folder);
    if (found === null) {
      report.error(inModules(name), 'does not find owt-grpc, which its files load: it does not start', `install owt-grpc in ${root}, where all modules find it, or \`npm install\` in each of these folders`);
    } else if (found !== version()) {
      report.warn(inModules(name), `finds owt-grpc ${found}, and this command is ${version()}`, 'install one version for all modules, and run its command');
    }
  }
}

/**
 * @param {string} folder
 * @returns {string | null} of the owt-grpc that a module there loads; null if there is none
 */
function versionFor(folder) {
  try {
    const find = createRequire(path.join(folder, 'any.js'));
    return String(find('owt-grpc/package.json').version);
  } catch {
    return null;
  }
}

module.exports = { checkSwapped };
