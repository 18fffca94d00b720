'use strict';

// What crosses is written down on both sides of the wall: here they are compared, and
// docs/crossing.md with them.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { MOST } = require('../../lib/bus/connection');
const { LONGEST_NAME, RESERVED } = require('../../lib/bus/names');
const { BusOutcome } = require('../../lib/common/bus-outcome');
const { MARK } = require('../../lib/crossing/body');
const commands = require('../../lib/crossing/commands');
const events = require('../../lib/crossing/events');
const records = require('../../lib/crossing/records');
const { bridge, camel, constant, constants, functionNames, matches, root, variantNames, variants } = require('../support/system/rust');

const { BusState, CREDIT_STEP, CallFlag, Closed, Command, Event, HEADER, NO_TIMEOUT, OUTSIDE, cost } = records;

const read = (...parts) => fs.readFileSync(path.join(root, ...parts), 'utf8');
const declared = read('lib/crossing/native.d.ts');

/** What stands between the braces of a class or interface of native.d.ts. */
const body = (kind, name) => {
  const found = new RegExp(`^export ${kind} ${name} \\{\\n([^]*?)^\\}`, 'm').exec(declared);
  assert.ok(found, `native.d.ts declares no ${kind} ${name}`);
  return found[1].replace(/\/\*\*[^]*?\*\//g, '');
};

const namesOf = (kind) => [...declared.matchAll(new RegExp(`^export ${kind} (\\w+) `, 'gm'))].map(([, name]) => name);

/** Methods, with how many arguments they take at most. */
const methodsOf = (text) => Object.fromEntries([...text.matchAll(/^ {2}(\w+)\((.*)\)(?:: [^;]+)?;$/gm)].map(([, name, args]) => [name, args === '' ? 0 : args.replace(/\([^)]*\)/g, '').split(',').length]));

test('all that is native is declared, in the order of the Rust, and nothing else', () => {
  const { classes, functions, objects } = bridge();
  assert.deepEqual(namesOf('class').sort(), Object.keys(classes).sort());
  for (const [name, methods] of Object.entries(classes)) assert.deepEqual(Object.entries(methodsOf(body('class', name))), Object.entries(methods), name);
  assert.deepEqual(methodsOf(body('interface', 'Native')), functions);
  assert.deepEqual(namesOf('interface').filter((name) => name !== 'Native').sort(), Object.keys(objects).sort());
  for (const [name, fields] of Object.entries(objects)) {
    const found = [...body('interface', name).matchAll(/^ {2}(\w+)(\??): ([^;]+);$/gm)];
    assert.deepEqual(found.map(([, field, optional, type]) => ({ name: field, isOptional: optional === '?' || / \| null$/.test(type) })), fields, name);
  }
});

test('the addon has what is declared', () => {
  const addon = require('../../lib/crossing/addon').native();
  const { classes, functions } = bridge();
  assert.deepEqual(Object.keys(addon).sort(), [...Object.keys(classes), ...Object.keys(functions)].sort());
  for (const [name, methods] of Object.entries(classes)) {
    assert.deepEqual(Object.getOwnPropertyNames(addon[name].prototype).sort(), Object.keys(methods).sort(), name);
  }
});

test('operations, flags, states, reasons and bounds are the same numbers on both sides', () => {
  const { HAS_MESSAGE, COMPLETE, WAIT_FOR_READY, UNARY, FLAG, TRACED, ...commands } = constants('command');
  assert.deepEqual(Command, commands);
  assert.deepEqual(CallFlag, { HAS_MESSAGE, COMPLETE, WAIT_FOR_READY, UNARY });
  const { FLAG: flag, TRACED: traced, OUTSIDE: outside, ...events } = constants('event');
  assert.deepEqual(Event, events);
  assert.deepEqual([records.FLAG, records.FLAG, records.TRACED, records.TRACED, OUTSIDE], [FLAG, flag, TRACED, traced, outside]);
  assert.deepEqual(BusState, constants('state'));
  const variant = (name) => name.toLowerCase().replace(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase());
  assert.deepEqual(Object.entries(Closed).map(([name, number]) => [variant(name), String(number)]), matches(/\bClosed::(\w+) => (\d+),/g));
  for (const [name, number] of Object.entries(variants('Failure'))) {
    const code = { Slow: 'TIMEOUT', Denied: 'REFUSED' }[name] ?? name.replace(/(?!^)[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
    assert.equal(BusOutcome[code], number, code);
  }
  assert.deepEqual([HEADER, NO_TIMEOUT, MARK.charCodeAt(0)], [constant('HEADER', 'usize'), constant('NO_TIMEOUT', 'u32'), constant('MARK', 'u8')]);
  assert.deepEqual([[String(cost(0))]], matches(/pub fn cost\(length: usize\) -> usize \{\s*length \+ (\d+)\s*\}/g));
});

test('what JS looks at before it is sent, and Rust when it comes, is the same', () => {
  assert.equal(CREDIT_STEP, 32 << 10);
  assert.deepEqual(matches(/^const UNSAID: usize = ([^;]+);/gm), [['32 << 10']], 'src/grpc/gate.rs counts on what CREDIT has not said yet');
  const bounds = read('src/bus/bounds.rs');
  assert.match(bounds, new RegExp(`^pub const LONGEST_NAME: usize = ${LONGEST_NAME};`, 'm'));
  assert.equal(Number(/^pub const MOST: usize = ([\d_]+);/m.exec(bounds)[1].replace(/_/g, '')), MOST);
  assert.match(read('src/bus/member/builtin.rs'), new RegExp(`^pub\\(super\\) const MARK: char = '${RESERVED}';`, 'm'));
});

/** CALL, BUS_CALL: call, busCall. */
const named = (numbers) => Object.keys(numbers).map((name) => camel(name.toLowerCase()));

/** The functions of a JS file that others may call, in the order in which they stand there. */
const defined = (file, exported) => [...read(file).matchAll(/^function (\w+)\(/gm)].map(([, name]) => name).filter((name) => name in exported);

test('each command and each event has one function that writes it and one that reads it, by the same names and in the same order', () => {
  assert.deepEqual(Object.keys(commands), named(Command));
  assert.deepEqual(defined('lib/crossing/commands.js', commands), named(Command));
  assert.deepEqual(variantNames('Command').map((name) => name[0].toLowerCase() + name.slice(1)), named(Command));
  const reads = [...read('src/crossing/commands.rs').matchAll(/^ {12}command::(\w+) => Self::(\w+)/gm)].map(([, op, variant]) => [op, variant]);
  assert.deepEqual(reads.filter(([op]) => op !== 'PANIC').map(([op]) => op), Object.keys(Command));
  assert.deepEqual(Object.keys(events), named(Event));
  assert.deepEqual(defined('lib/crossing/events.js', events), named(Event));
  assert.deepEqual(functionNames('src/crossing/events.rs').map(camel), named(Event));
});

test('no other file writes or reads a record', () => {
  const below = (folder) => fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? below(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]));
  const users = (files, pattern) => files.filter((file) => pattern.test(read(file).split(/^#\[cfg\(test\)\]\nmod /m)[0])).sort();
  const js = below('lib').filter((file) => file.endsWith('.js'));
  assert.deepEqual(users(js, /\bCommand\.[A-Z]/), ['lib/crossing/commands.js']);
  assert.deepEqual(users(js, /\bEvent\.[A-Z]/), ['lib/crossing/bridge.js'], 'who finds whom a record is for');
  const rust = below('src').filter((file) => file.endsWith('.rs'));
  assert.deepEqual(users(rust, /\bevent::[A-Z_]{2,}\b/), ['src/crossing/events.rs', 'src/crossing/queue.rs'], 'the queue knows which bodies are outside');
  assert.deepEqual(users(rust, /\bcommand::[A-Z_]{2,}\b/), ['src/crossing/commands.rs', 'src/crossing/dispatch.rs', 'src/crossing/record.rs'], 'dispatch knows whose command was refused');
});

/** The rows of the table that follows a line of docs/crossing.md: op and name. */
function rowsBehind(line) {
  const text = read('docs/crossing.md');
  const rows = text.slice(text.indexOf(line)).split('\n').slice(line.split('\n').length);
  const table = rows.slice(rows.findIndex((row) => row.startsWith('|')));
  return Object.fromEntries(table.slice(2, table.findIndex((row) => !row.startsWith('|'))).map((row) => /^\| (\d+) \| (\w+) \|/.exec(row).slice(1, 3)).map(([op, name]) => [name, Number(op)]));
}

test('docs/crossing.md has every record by its name and number, and every flag and state', () => {
  assert.deepEqual({ ...rowsBehind('### Commands, JS to Rust'), ...rowsBehind('Commands, carried out as one for each batch:') }, Command);
  assert.deepEqual({ ...rowsBehind('### Events, Rust to JS'), ...rowsBehind('\nEvents:\n') }, Event);
  const text = read('docs/crossing.md').replace(/\s+/g, ' ');
  for (const [name, number] of Object.entries(CallFlag)) assert.ok(text.includes(`${number} ${name}`), `${number} ${name}`);
  const states = /u32 state, why \(utf8\) to the end \| ([^|]+) \|/.exec(text)[1];
  for (const [name, number] of Object.entries(BusState)) assert.match(states, new RegExp(`${number} ${name}`), name);
  const reasons = /CLOSED \| u32 reason \| ([^|]+) \|/.exec(text)[1];
  for (const [name, number] of Object.entries(Closed)) assert.match(reasons, new RegExp(`${number} ${name}`), name);
});
