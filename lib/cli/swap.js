'use strict';

// `owt-grpc swap`: puts owt-grpc into an installation or checkout of OWT, and
// takes it out again.

const fs = require('node:fs');
const path = require('node:path');
const { CommandError, UsageError } = require('./support/errors');
const { parseFolderAndOptions } = require('./support/arguments');
const { styled } = require('./support/output');
const { specification } = require('./support/version');
const { carryOut, planUndo, putBack } = require('./swap/carry-out');
const { unifiedDiff } = require('./swap/diff');
const { JOURNAL } = require('./swap/find');
const { SURFACES } = require('./swap/known');
const { locked } = require('./swap/lock');
const { makePlan } = require('./swap/plan');
const { resolves } = require('./swap/resolves');
const { onSeveralMachines, secretNotes } = require('./swap/secret');
const { clean, explainNothing, explainNothingToUndo, nodeNote } = require('./swap/explain');

const summary = "Puts owt-grpc in the place of OWT's messaging files, or takes it out";

const help = `Usage: owt-grpc swap <OWT folder> [options]

Replaces amqpClient.js and grpcTools.js of OWT's modules by two lines that load
owt-grpc, and adds owt-grpc to the package.json of each module. The folder is an
installation, a checkout (whose modules are packed anew then), or one module.

  --amqp             Only amqpClient.js
  --grpc             Only grpcTools.js
  --enable-grpc      Switches gRPC mode on in the modules' toml files
  --grpc-host H:P    With it: where cluster_manager listens, such as
                     manager.example:10080
  --cluster-ip HOST  With it: the name or address that others reach this machine's
                     agents by; with TLS, one that the certificate is for
  --dependency SPEC  What package.json asks for; by default nothing where a
                     module finds owt-grpc already, else
                     ${specification()}
  --dry-run          Shows what would change, as a diff, and changes nothing
  --undo             Puts everything back as it was
  --force            Also replaces files that were modified, or are read-only;
                     with --undo, also those that were changed after the swap
  --json             The result as JSON
  --help             This text

The originals are kept in ${JOURNAL} of the folder until --undo. A run that
was cut off is completed by the next one, or undone.

Exit code: 0 done, or nothing to do; 1 failed or refused; 2 wrong options.
`;

const OPTIONS = /** @type {const} */ ({
  amqp: 'flag', grpc: 'flag', 'enable-grpc': 'flag', 'grpc-host': 'value', 'cluster-ip': 'value', dependency: 'value',
  'dry-run': 'flag', undo: 'flag', force: 'flag', json: 'flag',
});

/**
 * @typedef {object} Result
 * @property {'swap' | 'undo'} action
 * @property {boolean} ok
 * @property {boolean} dryRun
 * @property {string} folder
 * @property {string[]} modules
 * @property {string[]} changed files, from the folder
 * @property {string[]} problems why nothing was changed
 * @property {string[]} notes
 * @property {string} [diff]
 * @property {string} text what a person is told if it went well
 */

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
async function run(args) {
  const { folder, options } = parseFolderAndOptions(args, OPTIONS);
  if (folder === undefined) throw new UsageError('the folder of OWT is missing');
  refuseContradictions(options);
  try {
    const root = existing(folder);
    const result = options.undo ? undo(root, options) : swap(root, options);
    return options.json ? printJson(result) : print(result);
  } catch (error) {
    if (!options.json || !(error instanceof CommandError)) throw error;
    return printJson({ action: options.undo ? 'undo' : 'swap', ok: false, dryRun: options['dry-run'] === true, folder: path.resolve(folder), modules: [], changed: [], problems: [error.message], notes: [], text: '' });
  }
}

/** @param {Record<string, any>} options */
function refuseContradictions(options) {
  const others = Object.keys(options).filter((name) => !['undo', 'force', 'json', 'dry-run'].includes(name));
  if (options.undo && others.length > 0) throw new UsageError(`--undo puts everything back and takes no --${others[0]}`);
  const alone = ['grpc-host', 'cluster-ip'].find((name) => options[name] !== undefined && !options['enable-grpc']);
  if (alone !== undefined) throw new UsageError(`--${alone} is for --enable-grpc`);
  const ip = options['cluster-ip'];
  if (ip !== undefined && !/^[\w.:-]+$/.test(ip)) throw new UsageError('--cluster-ip is a host name or an address, such as agent1.example');
  const host = options['grpc-host'];
  if (host === undefined) return;
  // OWT splits it at the first colon.
  const port = /^[\w.-]+:(\d{1,5})$/.exec(host)?.[1];
  if (port === undefined || Number(port) < 1 || Number(port) > 65535) throw new UsageError('--grpc-host is a host name or IPv4 address and a port, such as manager.example:10080');
}

/** @param {string} folder */
function existing(folder) {
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new CommandError(`there is no folder ${folder}`);
  return fs.realpathSync(folder);
}

/**
 * @param {string} root
 * @param {Record<string, any>} options
 * @returns {Result}
 */
function swap(root, options) {
  const chosen = SURFACES.filter((surface) => options[surface === 'amqpClient' ? 'amqp' : 'grpc']);
  const settings = {
    surfaces: chosen.length > 0 ? chosen : SURFACES,
    dependency: options.dependency ?? null,
    enableGrpc: options['enable-grpc'] === true,
    grpcHost: options['grpc-host'] ?? null,
    clusterIp: options['cluster-ip'] ?? null,
    force: options.force === true,
  };
  const plan = makePlan(root, settings);
  if (plan.found.modules.length === 0) throw new CommandError(explainNothing(root, plan.found));
  const dryRun = options['dry-run'] === true;
  const result = resultOf('swap', root, plan, dryRun);
  if (plan.problems.length > 0 || (plan.changes.length === 0 && !plan.isResumed)) return { ...result, text: `Nothing to do: ${told(plan.found.modules.length)} as asked.\n` };
  if (dryRun) return { ...result, diff: plan.changes.map((change) => diffOf(root, change.file, change.before, change.after)).join('') };
  return locked(root, () => {
    // Between the first look and the lock another run may have been at work.
    const now = makePlan(root, settings);
    const present = resultOf('swap', root, now, false);
    if (now.problems.length > 0) return present;
    carryOut(root, now.changes);
    const next = now.found.shared.length > 0 ? "Pack the modules anew (OWT's scripts/pack.js, with -i for what they depend on)" : nextInModules(now.found.modules);
    const resumed = now.isResumed ? 'An earlier run had been cut off; it is complete now.\n' : replacedAgain(now.again.length);
    const swapped = `Swapped: ${counted(now.changes.length, 'file')} of ${counted(present.modules.length, 'module')}.\n`;
    const secret = settings.surfaces.includes('amqpClient') ? onSeveralMachines(now.found.modules) : '';
    return { ...present, text: `${resumed}${swapped}${next}; \`owt-grpc swap --undo\` puts everything back.\n${secret}` };
  });
}

/** @param {number} files that an update of OWT had brought back, or a person */
const replacedAgain = (files) => (files === 0 ? '' : `Replaced again: ${counted(files, 'file')} that had been swapped before.\n`);

/**
 * @param {import('./swap/find').Module[]} modules of an installation
 * @returns {string} what is left to do there
 */
function nextInModules(modules) {
  const lacking = modules.filter(({ folder }) => !resolves(folder)).map(({ name }) => name);
  if (lacking.length === 0) return 'Start the modules anew';
  const where = lacking.length === modules.length ? 'each module' : lacking.join(', ');
  return `Run \`npm install\` in ${where}, or install owt-grpc in a folder above, and start the modules anew`;
}

/**
 * @param {number} count
 * @param {string} what
 */
const counted = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`;

/** @param {number} modules */
const told = (modules) => (modules === 1 ? 'the module is' : `all ${modules} modules are`);

/**
 * @param {'swap'} action
 * @param {string} root
 * @param {import('./swap/plan').Plan} plan
 * @param {boolean} dryRun
 * @returns {Result}
 */
function resultOf(action, root, plan, dryRun) {
  const isRefused = plan.problems.length > 0;
  return {
    action, ok: !isRefused, dryRun, folder: root,
    modules: plan.found.modules.map(({ name }) => name),
    changed: isRefused ? [] : plan.changes.map(({ file }) => path.relative(root, file)),
    problems: plan.problems, notes: [...plan.notes, ...nodeNote(root), ...secretNotes(plan.found.modules)], text: '',
  };
}

/**
 * @param {string} root
 * @param {Record<string, any>} options
 * @returns {Result}
 */
function undo(root, options) {
  const dryRun = options['dry-run'] === true;
  const plan = planUndo(root, options.force === true);
  /** @type {Result} */
  const result = { action: 'undo', ok: true, dryRun, folder: root, modules: [], changed: [], problems: [], notes: [], text: '' };
  if (plan === null) {
    const problem = explainNothingToUndo(root);
    if (problem !== null) throw new CommandError(problem);
    if (!dryRun) clean(root);
    return { ...result, text: `Nothing to undo: ${root} is not swapped.\n` };
  }
  const changed = plan.changes.map(({ file }) => path.relative(root, file));
  if (plan.problems.length > 0) return { ...result, ok: false, problems: plan.problems, notes: plan.notes };
  if (dryRun) return { ...result, changed, notes: plan.notes, diff: plan.changes.map(({ file, state }) => diffOf(root, file, null, 'bytes' in state ? state.bytes : null)).join('') };
  return locked(root, () => {
    const now = planUndo(root, options.force === true);
    if (now === null || now.problems.length > 0) throw new CommandError('another run has been at work here; run this again');
    putBack(root, now);
    return { ...result, changed, notes: now.notes, text: `Undone: ${changed.length === 1 ? 'one file is as it was' : `${changed.length} files are as they were`}.\n` };
  });
}

/**
 * @param {string} root
 * @param {string} file
 * @param {import('./swap/disk').State | null} before null for what is there
 * @param {Buffer | null} after null for a link, which no diff shows
 */
function diffOf(root, file, before, after) {
  const name = path.relative(root, file).split(path.sep).join('/');
  const bytes = before !== null && 'bytes' in before ? before.bytes : fs.existsSync(file) ? fs.readFileSync(file) : Buffer.alloc(0);
  return after === null ? `${name} becomes a symbolic link again\n` : unifiedDiff(name, bytes.toString('utf8'), after.toString('utf8'));
}

/** @param {Result} result */
function printJson({ text: _text, ...result }) {
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  return result.ok ? 0 : 1;
}

/** @param {Result} result */
function print({ ok, problems, notes, changed, dryRun, diff, text }) {
  if (!ok) throw new CommandError(`refused, and nothing was changed:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  if (diff !== undefined) process.stdout.write(coloured(diff));
  else if (!dryRun) for (const file of changed) process.stdout.write(`  ${styled('cyan', file)}\n`);
  process.stdout.write(text);
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  return 0;
}

/** @param {string} diff */
function coloured(diff) {
  const colourOf = (/** @type {string} */ line) => (/^(---|\+\+\+) /.test(line) ? 'bold' : line[0] === '+' ? 'green' : line[0] === '-' ? 'red' : line.startsWith('@@') ? 'cyan' : null);
  return diff.replace(/^.+$/gm, (line) => {
    const colour = colourOf(line);
    return colour === null ? line : styled(colour, line);
  });
}

module.exports = { help, run, summary, swap, undo };
