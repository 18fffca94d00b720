'use strict';

// Thirteen OWT-style processes work together over owt-grpc. Starts them, watches
// what each has received, kills one, ends them, and says whether all went well.

const { fork } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { afterKill, agents, atEnd, flow, victim } = require('./steps');
const { Table } = require('./table');

const HELP = `npm run demo -- [options]
  --seconds N  how long it runs at most, 10 to 600 (default 20)
  --quiet      the summary only
  --help       this text
OWT_DEMO_BREAK=<media agent> lets one fail, to see what that looks like.`;

const MODULES = ['cluster_manager', 'management_api', 'portal', 'sip_portal', ...agents];
const SCRIPTS = { sip: ['sip_agent'], conference: ['conference'] };

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '20' },
        quiet: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const seconds = Number(values.seconds);
    if (!(seconds >= 10 && seconds <= 600)) throw new Error(`--seconds must be a number from 10 to 600, not ${values.seconds}`);
    return { ...values, seconds };
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(2);
  }
}

const options = readArguments();
if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-demo-'));
const children = new Map();
const confirmed = new Map();
const problems = [];
const table = new Table(MODULES, { live: process.stdout.isTTY && !options.quiet });
let changed = () => {};
/** The signal that asked for an early end. */
let interrupted = '';

function freePort() {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function writeConfigs(ports) {
  for (const name of MODULES) {
    const template = fs.readFileSync(path.join(__dirname, 'config', `${name}.toml`), 'utf8');
    const text = template.replace(/\$(\w+)/g, (_, key) => ports[key]);
    fs.writeFileSync(path.join(folder, `${name}.toml`), text);
  }
}

function startModule(name) {
  const [script, ...args] = SCRIPTS[name] ?? (agents.includes(name) ? ['media_agent', name] : [name]);
  const child = fork(path.join(__dirname, 'modules', `${script}.js`), args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  children.set(name, child);
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  child.on('message', (message) => hear(name, message));
  child.on('exit', (code, signal) => {
    children.delete(name);
    if (code !== 0 && !(name === victim && signal === 'SIGKILL')) {
      problems.push(`${name} ended with ${signal ?? `code ${code}`}: ${output.trim()}`);
    }
    changed();
  });
}

function hear(name, message) {
  if (message.step) confirmed.set(`${message.step} (${name})`, Date.now());
  if (message.figures) table.update(name, message.figures);
  // Before everyone is there, and after one was killed, nobody can be reached.
  if (message.error && !message.expected && !/No scheduler|not ready/.test(message.error)) {
    problems.push(`${name}: ${message.error}`);
  }
  changed();
}

const missing = (steps) => steps.filter(([step, module]) => !confirmed.has(`${step} (${module})`));

/** Waits until the steps are confirmed, or the time is over. */
function until(done, deadline) {
  return new Promise((resolve) => {
    const check = () => {
      if (!done() && Date.now() < deadline && !interrupted) return;
      clearTimeout(timer);
      changed = () => {};
      resolve();
    };
    const timer = setTimeout(check, Math.max(0, deadline - Date.now()));
    changed = check;
    check();
  });
}

async function endAll() {
  // The managers go last: the others still want to say goodbye to them.
  const last = ['conference', 'cluster_manager'];
  const waves = [['portal', 'management_api', 'sip_portal'], agents.filter((a) => !last.includes(a)), ['conference'], ['cluster_manager']];
  for (const wave of waves) {
    for (const name of wave) children.get(name)?.connected && children.get(name).send('quit');
    await until(() => wave.every((name) => !children.has(name)), Date.now() + 3000);
  }
}

function cleanUp() {
  for (const child of children.values()) child.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
}

function summarize(started) {
  const expected = [...flow, ...afterKill, ...atEnd];
  const left = interrupted ? [] : missing(expected);
  console.log(`\n${table.lines().join('\n')}\n`);
  for (const [step, module] of left) console.log(`NOT CONFIRMED  ${step}, by ${module}`);
  for (const problem of problems) console.log(`PROBLEM  ${problem}`);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (interrupted) {
    console.log(`interrupted by ${interrupted} after ${seconds} s, all processes ended`);
    return false;
  }
  console.log(
    `${expected.length - left.length} of ${expected.length} steps confirmed by the side that received them, ` +
      `${problems.length} problems, ${MODULES.length} processes, ${seconds} s`
  );
  return left.length === 0 && problems.length === 0;
}

async function main() {
  const started = Date.now();
  const end = started + options.seconds * 1000;
  writeConfigs({ CLUSTER_PORT: await freePort(), SIP_PORT: await freePort() });
  MODULES.forEach(startModule);
  if (!options.quiet) console.log(`${MODULES.length} processes, for up to ${options.seconds} s`);
  const drawing = setInterval(() => table.draw(), 500);
  // The last seconds belong to the loss of a worker and to the goodbye.
  await until(() => missing(flow).length === 0, end - 6000);
  if (!interrupted) await until(() => false, end - 6000);
  children.get(victim)?.kill('SIGKILL');
  await until(() => missing(afterKill).length === 0, end - 500);
  await endAll();
  clearInterval(drawing);
  cleanUp();
  process.exitCode = summarize(started) ? 0 : 1;
}

process.on('exit', cleanUp);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    interrupted = signal;
    changed();
  });
}

main();
