'use strict';

// Starts processes, watches what each has received, kills one when it is told
// to, ends them, and says whether all went well.

const { fork } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Table } = require('./table');

class Supervisor {
  /**
   * @param {{ name: string, script: string, args?: string[] }[]} modules
   * @param {{ quiet: boolean, seconds: number }} options `seconds`: how long nothing may happen
   */
  constructor(modules, { quiet, seconds }) {
    this.modules = modules;
    this.quiet = quiet;
    this.patience = seconds * 1000;
    /** What was still waited for when time was up. @type {string[] | null} */
    this.timeWasUpFor = null;
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-demo-'));
    this.children = new Map();
    this.confirmed = new Map();
    this.problems = [];
    /** Those that are killed on purpose. */
    this.victims = new Set();
    this.table = new Table(modules.map(({ name }) => name), { live: process.stdout.isTTY && !quiet });
    this.changed = () => {};
    /** The signal that asked for an early end. */
    this.interrupted = '';
    this.started = Date.now();
  }

  /** Starts all that have not been started. */
  start() {
    this.modules.filter(({ name }) => !this.children.has(name)).forEach((module) => this.startModule(module));
    if (!this.quiet) console.log(`${this.modules.length} processes`);
    this.drawing = setInterval(() => this.table.draw(), 500);
  }

  startModule({ name, script, args = [] }) {
    // Node.js 14 would only warn of a rejection that nobody handles, and go on.
    const execArgv = ['--unhandled-rejections=strict'];
    const child = fork(path.join(__dirname, script), args, { cwd: this.folder, execArgv, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.children.set(name, child);
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    child.on('message', (message) => this.hear(name, message));
    child.on('exit', (code, signal) => {
      this.children.delete(name);
      if (code !== 0 && !(this.victims.has(name) && signal === 'SIGKILL')) {
        this.problems.push(`${name} ended with ${signal ?? `code ${code}`}: ${output.trim()}`);
      }
      this.changed();
    });
  }

  hear(name, message) {
    if (message.step) this.confirmed.set(`${message.step} (${name})`, Date.now());
    if (message.figures) this.table.update(name, message.figures);
    // Before everyone is there, and after one was killed, nobody can be reached.
    if (message.error && !message.expected && !/No scheduler|not ready/.test(message.error)) {
      this.problems.push(`${name}: ${message.error}`);
    }
    this.changed();
  }

  missing(steps) {
    return steps.filter(([step, module]) => !this.confirmed.has(`${step} (${module})`));
  }

  /** For who waits: the names of those that are missing. */
  named(steps) {
    return this.missing(steps).map(([step]) => step);
  }

  /**
   * Waits until nothing is left to come. A busy machine may take its time: time is up
   * when nothing new was confirmed for so many seconds, and from then on little is
   * waited for.
   *
   * @param {() => string[]} left what is still waited for
   */
  async until(left) {
    const patience = this.timeWasUpFor === null ? this.patience : 1000;
    let confirmed = -1;
    while (left().length > 0 && !this.interrupted && confirmed < this.confirmed.size) {
      confirmed = this.confirmed.size;
      await this.changing(() => left().length === 0 || this.confirmed.size > confirmed, patience);
    }
    if (left().length > 0 && !this.interrupted && this.timeWasUpFor === null) this.timeWasUpFor = left();
  }

  /** Lets all go on for a while. */
  during(ms) {
    return this.changing(() => false, ms);
  }

  /** Waits until it is so, but no longer than that, and not if it was interrupted. */
  changing(isSo, ms) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.changed = () => {};
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.changed = () => (isSo() || this.interrupted) && end();
      this.changed();
    });
  }

  kill(name) {
    this.victims.add(name);
    this.children.get(name)?.kill('SIGKILL');
  }

  interrupt(signal) {
    this.interrupted = signal;
    this.changed();
  }

  /** @param {string[][]} waves the next is told when the one before has ended */
  async endAll(waves) {
    for (const wave of waves) {
      for (const name of wave) this.children.get(name)?.connected && this.children.get(name).send('quit');
      await this.changing(() => wave.every((name) => !this.children.has(name)), this.patience);
    }
    clearInterval(this.drawing);
    this.cleanUp();
  }

  cleanUp() {
    for (const child of this.children.values()) child.kill('SIGKILL');
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  /** Prints what was and what was not; true if all is well. */
  summarize(expected) {
    const left = this.interrupted ? [] : this.missing(expected);
    console.log(`\n${this.table.lines().join('\n')}\n`);
    for (const [step, module] of left) console.log(`NOT CONFIRMED  ${step}, by ${module}`);
    if (this.timeWasUpFor !== null) console.log(`TIME WAS UP  nothing new for ${this.patience / 1000} s while waiting for ${listed(this.timeWasUpFor)}; on a busy machine, --seconds ${this.patience / 500} waits longer`);
    for (const problem of this.problems) console.log(`PROBLEM  ${problem}`);
    const seconds = ((Date.now() - this.started) / 1000).toFixed(1);
    if (this.interrupted) {
      console.log(`interrupted by ${this.interrupted} after ${seconds} s, all processes ended`);
      return false;
    }
    console.log(
      `${expected.length - left.length} of ${expected.length} steps confirmed by the side that received them, ` +
        `${this.problems.length} problems, ${this.modules.length} processes, ${seconds} s`
    );
    return left.length === 0 && this.problems.length === 0;
  }
}

/** The first few of many. */
const listed = (all) => `${all.slice(0, 5).join(', ')}${all.length > 5 ? ` and ${all.length - 5} more` : ''}`;

module.exports = { Supervisor };
