'use strict';

// `owt-grpc status`: the members of the bus, each as it sees itself.

const { numberOf, parseArguments } = require('./support/arguments');
const { BUS_HELP, BUS_OPTIONS, observe } = require('./support/observer');
const { printJson, untilAsked } = require('./support/output');
const { picture, withRates } = require('./status/picture');
const { drawn } = require('./status/drawing');

const summary = 'Shows the members of the bus, their ids, links and traffic';

const help = `Usage: owt-grpc status [options]

Shows who is on the bus, which ids each member serves, what it listens to, how
its links are, and what passes per second. Each member answers for itself, also
while its JavaScript is busy; one that does not answer in time is marked.

  --watch          Again and again until Ctrl-C, as top does
  --interval S     Seconds between looks, and what rates are taken over; default 1.
                   Without --watch, 0 shows totals only and does not wait
  --timeout MS     What a member may take to answer; default 1000
${BUS_HELP}
  --json           One line of JSON per look
  --help           This text

Per second: calls, casts and topic messages that a member's program sent (out)
and was handed (in). waiting: calls to ids that nobody serves yet. queued: bytes
that wait for links. lost: casts nobody served + casts and messages dropped.
again: links that were made again.

Exit code: 0 shown; 1 no registry, or a member did not answer; 2 wrong options.
`;

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
async function run(args) {
  const known = /** @type {const} */ ({ ...BUS_OPTIONS, watch: 'flag', interval: 'value', timeout: 'value', json: 'flag' });
  const { options } = parseArguments(args, known, []);
  const seconds = numberOf(options, 'interval', { otherwise: 1, least: options.watch ? 0.1 : 0, most: 3600 });
  const timeout = numberOf(options, 'timeout', { otherwise: 1000 });
  const { bus, registry } = await observe(options);
  const end = untilAsked();
  try {
    const look = () => picture(bus, registry, timeout);
    let last = await look();
    if (!options.watch && seconds === 0) show(last, options);
    else {
      do {
        if (!(await pause(seconds, end.signal))) break;
        const now = await look();
        show(withRates(now, last), options);
        last = now;
      } while (options.watch);
    }
    return options.watch || last.members.every(({ answered }) => answered) ? 0 : 1;
  } finally {
    end.forget();
    await bus.close();
  }
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
 * @param {Record<string, any>} options
 */
function show(now, { watch, json }) {
  if (json) {
    printJson(now);
    return;
  }
  const lines = drawn(now);
  // To the top left, over what was there, and what is left below it goes.
  const screen = watch && process.stdout.isTTY ? `\x1b[H${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J` : `${lines.join('\n')}\n`;
  process.stdout.write(screen);
}

module.exports = { help, run, summary };
