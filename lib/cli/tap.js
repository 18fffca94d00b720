'use strict';

// `owt-grpc tap`: what passes over the bus, as it does.

const { decode } = require('../bus/body');
const { read } = require('../crossing/body');
const { BusError } = require('../bus/errors');
const { numberOf, parseArguments } = require('./support/arguments');
const { CommandError } = require('./support/errors');
const { BUS_HELP, BUS_OPTIONS, TAP, observe, standings } = require('./support/observer');
const { plain, printJson, styled, untilAsked } = require('./support/output');
const { Selection, isFailure } = require('./tap/selection');

const summary = 'Shows calls, casts and topic messages as they pass';

const help = `Usage: owt-grpc tap [<pattern>] [options]

Shows what members hand to their programs: calls with their replies and how long
these took, casts, and topic messages, decoded. Copies are made while somebody
looks, at the member that is called; they never hold up what they are copies of,
and are lost when they come faster than they are shown.

<pattern> is an id or a method, with * for one word between dots and # for any
number of them: portal-1, join, conf.#. Beginning with call, cast, reply, message,
* or #, it is for the whole of call.<id>.<method>, cast.<id>.<method>,
reply.<id>.<method> or message.<exchange>.<routing key>; the end may be left out:
call.portal-1. Dots of an id are dots of the pattern. Default: #, all there is

  --topic PATTERN  Messages of this exchange, or of it and such routing keys:
                   news, news.a.#. Nothing else if there is no <pattern>
  --method NAME    Only this method, or routing key
  --id ID          Only this id, or exchange
  --errors         Only calls whose reply is a failure, with that reply
  --slower MS      Only calls that took so long, with their reply. One that nobody
                   has replied to is not known to be slow: see \`owt-grpc status\`
  --limit N        Ends after N of them; a call with its reply is one
${BUS_HELP}
  --json           One line of JSON each
  --help           This text

Anyone who may be a member of the cluster may look; at members that have
OWT_GRPC_OPERATOR_SECRET who has the same, and where OWT_GRPC_AUTHORIZE is set
whose certificate has the right to. Exit code: 0 ended by Ctrl-C or --limit;
1 no registry, or no right; 2 wrong options.
`;

/** What a member may take to say whether it lets itself be looked at, in ms. */
const PATIENCE = 1_000;
/** Longer ones are cut on a screen. */
const WIDTH = 500;

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
async function run(args) {
  const known = /** @type {const} */ ({ ...BUS_OPTIONS, topic: 'value', method: 'value', id: 'value', errors: 'flag', slower: 'value', limit: 'value', json: 'flag' });
  const { operands, options } = parseArguments(args, known, ['pattern?']);
  const limit = numberOf(options, 'limit', { otherwise: Infinity });
  const slower = options.slower === undefined ? undefined : numberOf(options, 'slower', { otherwise: 0, least: 0 });
  const selection = new Selection({ ...options, pattern: operands[0], slower });
  const { bus } = await observe(options);
  const end = untilAsked();
  try {
    const seen = bus.subscribe(TAP, selection.patterns);
    await seen.ready;
    await nameThoseWhoRefuse(bus);
    if (!options.json) process.stderr.write('looking; Ctrl-C ends\n');
    void end.asked.then(() => seen.return());
    let left = limit;
    for await (const { data: copy } of seen) {
      if (!selection.matches(copy)) continue;
      const shown = selection.take(decoded(copy));
      for (const one of shown) show(one, options.json);
      if (shown.length > 0 && --left <= 0) break;
    }
    if (seen.dropped > 0) process.stderr.write(`${seen.dropped} more came faster than they could be shown\n`);
    return 0;
  } catch (error) {
    // It has no right to look.
    throw error instanceof BusError ? new CommandError(plain(error.message)) : error;
  } finally {
    end.forget();
    await bus.close();
  }
}

/**
 * Members that ask for another operator's secret are shown by nobody; where all do, there is nothing to wait for.
 *
 * @param {import('../bus/bus').Bus} bus
 */
async function nameThoseWhoRefuse(bus) {
  const all = await standings(bus, PATIENCE);
  const refusing = all.filter(({ refusal }) => refusal !== null);
  if (refusing.length === 0) return;
  if (refusing.length === all.length) throw new CommandError(`no member shows what passes: ${plain(String(refusing[0].refusal))}`);
  for (const { member, refusal } of refusing) process.stderr.write(`${plain(member)} does not show what passes: ${plain(String(refusal))}\n`);
}

/**
 * The copy's body is as the bus carries it: what is in it takes its place.
 *
 * @param {any} copy see src/bus/member/tap.rs
 */
function decoded({ kind, member, peer, id, method, call, ms, failed, size, body }) {
  const time = new Date().toISOString();
  const named = kind === 'message' ? { exchange: id, routingKey: method } : { id, method };
  const known = { time, kind, member, ...(peer !== null && { peer }), ...named, ...(call !== undefined && { call }), ...(ms !== undefined && { ms, failed }), size };
  if (body === undefined) return known;
  try {
    const bytes = Buffer.from(body);
    const value = decode(read(bytes, 0, bytes.length));
    if (kind === 'reply') return { ...known, data: value.data, err: value.err };
    return { ...known, [kind === 'message' ? 'data' : 'args']: value };
  } catch (_error) {
    // Whoever sent it is no member of ours.
    return { ...known, body };
  }
}

/**
 * @param {any} what
 * @param {boolean} json
 */
function show(what, json) {
  if (json) {
    printJson(what);
    return;
  }
  const { time, kind, member, peer, id, method, exchange, routingKey, call, ms, size, args, data, err } = what;
  const target = kind === 'message' ? `${plain(exchange)} ${plain(routingKey)}` : `${plain(id)}.${plain(method)}`;
  const number = call === undefined ? '' : `#${call} `;
  const between = kind === 'reply' ? `${plain(member)} > ${plain(peer ?? '?')}` : `${plain(peer ?? '?')} > ${plain(member)}`;
  const took = ms === undefined ? '' : ` after ${ms} ms`;
  const content = kind === 'reply' ? replyText(data, err) : text(args ?? data);
  const shown = content === undefined ? `(${size} bytes)` : cut(plain(content));
  const line = `${time.slice(11, 23)} ${kind.padEnd(7)} ${number}${styled('bold', target)}${took} ${shown} ${styled('dim', between)}`;
  process.stdout.write(`${isFailure(what) ? styled('red', line) : line}\n`);
}

/** @param {unknown} value @returns {string | undefined} */
const text = (value) => JSON.stringify(value);

/**
 * @param {unknown} data
 * @param {unknown} err
 */
const replyText = (data, err) => (err === undefined ? text(data) : `${text(data)} ${text(err)}`);

/** @param {string} line */
const cut = (line) => (line.length > WIDTH ? `${line.slice(0, WIDTH)}...` : line);

module.exports = { help, run, summary };
