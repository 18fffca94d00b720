'use strict';

// `owt-grpc status`: the members of the bus, each as it sees itself.

const { numberOf, parseArguments } = require('./support/arguments');
const { UsageError } = require('./support/errors');
const { BUS_HELP, BUS_OPTIONS, observe } = require('./support/observer');
const { printJson, untilAsked } = require('./support/output');
const { drawn } = require('./status/drawing');
const { picture, withRates } = require('./status/picture');
const { processes } = require('./status/processes');
const { KEYS, selects, sortKey } = require('./status/selection');
const { watch } = require('./status/watch');

const summary = 'Shows the members of the bus, their ids, links and traffic';

const help = `Usage: owt-grpc status [options]

Shows who is on the bus, a line each: which ids a member serves, what passes per
second, what fails and what waits; below that what is wrong, and sums by module.
Each member answers for itself, also while its JavaScript is busy; one that does
not answer in time is marked.

  --watch          Again and again until q or Ctrl-C. On a terminal it keeps to the
                   screen: arrows and page keys scroll, s sorts by the next column,
                   m shows members, modules or problems
  --interval S     Seconds between looks, and what rates are taken over; default 1.
                   Without --watch, 0 shows totals only and does not wait
  --sort KEY       ${KEYS.slice(0, 5).join(', ')},
                   ${KEYS.slice(5).join(', ')}; default module
  --id ID          Only members that serve it; * is any characters: 'conference-*'
  --module NAME    Only members of it; the same
  --details        Also all ids, what a member listens to, and its links; not on a
                   screen that is watched
  --width N        No line of a table is wider, and columns that say less are left
                   out; 80, for one. By default that of the terminal
  --timeout MS     What a member may take to answer; default 1000
${BUS_HELP}
  --grpc           In place of the bus, processes of this machine with OWT's gRPC
                   helper that were started with OWT_GRPC_STATUS_DIR=FOLDER, which
                   is to be set here, too: servers, their clients, calls
  --json           One line of JSON per look
  --help           This text

Per second: calls, casts and topic messages that a member's program sent (out)
and was handed (in). errors: calls that it answered with one. failed: calls that it
made and that failed; p99: ms that 99 of 100 of them took at most. pending: those
not answered yet; waiting: to ids that nobody serves yet. queued: bytes that wait
for links. lost: casts nobody served + casts and messages dropped. again: links
that were made again.

Exit code: 0 shown; 1 no registry, or a member did not answer; 2 wrong options.
`;

const OPTIONS = /** @type {const} */ ({ ...BUS_OPTIONS, watch: 'flag', interval: 'value', timeout: 'value', sort: 'value', id: 'value', module: 'value', details: 'flag', width: 'value', grpc: 'flag', json: 'flag' });

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
async function run(args) {
  const { options } = parseArguments(args, OPTIONS, []);
  const seconds = numberOf(options, 'interval', { otherwise: 1, least: options.watch ? 0.1 : 0, most: 3600 });
  const timeout = numberOf(options, 'timeout', { otherwise: 1000 });
  const limit = numberOf(options, 'width', { otherwise: Infinity, least: 40 });
  const sort = sortKey(options.sort);
  const isWanted = selects(options);
  const { named, take, close } = options.grpc ? ofProcesses(options, timeout) : await ofBus(options, timeout);
  const end = untilAsked();
  const width = options.width === undefined ? process.stdout.columns || Infinity : limit;
  const how = { named, width, sort, isWanted, details: options.details === true };
  const look = looker(take);
  try {
    if (options.watch && !options.json && process.stdout.isTTY && process.env.TERM !== 'dumb') {
      await watch(look, { ...how, width: limit }, () => pause(seconds, end.signal), end);
      return 0;
    }
    let last = await look();
    if (!options.watch && seconds === 0) show(last, how, options);
    else {
      do {
        if (!(await pause(seconds, end.signal))) break;
        last = await look();
        show(last, how, options);
      } while (options.watch);
    }
    return options.watch || last.members.filter(isWanted).every(({ answered }) => answered) ? 0 : 1;
  } finally {
    end.forget();
    await close();
  }
}

/**
 * @typedef {object} Source
 * @property {string} named the setting that says where it is
 * @property {() => Promise<import('./status/picture').Picture>} take
 * @property {() => Promise<void>} close
 *
 * @param {Record<string, any>} options
 * @param {number} timeout
 * @returns {Promise<Source>}
 */
async function ofBus(options, timeout) {
  const { bus, registry, named } = await observe(options);
  return { named, take: () => picture(bus, registry, timeout), close: () => bus.close() };
}

/**
 * @param {Record<string, any>} options
 * @param {number} timeout
 * @returns {Source}
 */
function ofProcesses({ registry, cluster }, timeout) {
  const folder = process.env.OWT_GRPC_STATUS_DIR;
  if (registry !== undefined || cluster !== undefined) throw new UsageError('options --registry and --cluster are for the bus, and --grpc is not');
  if (!folder) throw new UsageError('option --grpc needs OWT_GRPC_STATUS_DIR, the folder that modules were started with');
  return { named: 'OWT_GRPC_STATUS_DIR', take: () => processes(folder, timeout), close: async () => {} };
}

/**
 * @param {() => Promise<import('./status/picture').Picture>} take
 * @returns {() => Promise<import('./status/picture').Picture>} a look, from the second on with rates since the one before
 */
function looker(take) {
  /** @type {import('./status/picture').Picture | null} */
  let last = null;
  return async () => {
    const now = await take();
    const seen = last === null ? now : withRates(now, last);
    last = now;
    return seen;
  };
}

/**
 * @param {number} seconds
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} false if the user wants to end
 */
async function pause(seconds, signal) {
  if (signal.aborted) return false;
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve(!signal.aborted);
    };
    const timer = setTimeout(done, seconds * 1000);
    signal.addEventListener('abort', done);
  });
}

/**
 * @param {import('./status/picture').Picture} now
 * @param {import('./status/drawing').How} how
 * @param {Record<string, any>} options
 */
function show(now, how, { json }) {
  if (json) printJson({ ...now, members: now.members.filter(how.isWanted) });
  else process.stdout.write(`${drawn(now, how).join('\n')}\n`);
}

module.exports = { help, run, summary };
