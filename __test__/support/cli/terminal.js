'use strict';

// A command on a pseudo terminal (which python3 makes), or with a pipe.

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

const command = path.join(__dirname, '../../../bin/owt-grpc.js');

/** Why there can be no pseudo terminal here; false if there can. */
const noTerminal =
  spawnSync('python3', ['-c', 'import fcntl, os, termios; os.waitstatus_to_exitcode; os.openpty()']).status !== 0 &&
  'needs python3 (3.9 or newer) for a pseudo terminal';

/**
 * @param {import('node:test').TestContext} t
 * @param {string[]} args of owt-grpc
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv }} options
 */
function onTerminal(t, args, { cwd, env = process.env }) {
  const script = path.join(__dirname, 'terminal.py');
  const child = spawn('python3', [script, process.execPath, command, ...args], { cwd, env });
  t.after(() => child.kill('SIGKILL'));
  let screen = '';
  let report = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text) => (screen += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (report += text));
  const closed = once(child, 'close');
  return {
    /** Waits until the screen shows a text after what was waited for before. */
    async shows(text) {
      for (;;) {
        const at = screen.indexOf(text, seen);
        if (at !== -1) {
          seen = at + text.length;
          return;
        }
        const ended = await Promise.race([once(child.stdout, 'data').then(() => false), closed.then(() => true)]);
        if (ended && !screen.includes(text, seen)) throw new Error(`ended without showing ${text}:\n${screen}${report}`);
      }
    },
    type: (text) => child.stdin.write(text),
    /** The screen's text, the exit code, and the state the terminal was left in. */
    async end() {
      await closed;
      const [code, state] = report.trim().split('\n').pop().split(' ');
      return { screen, code: Number(code), state };
    },
  };
}

/**
 * @param {import('node:test').TestContext} t
 * @param {string[]} args of owt-grpc
 * @param {{ cwd: string, input?: string | Buffer }} options `input`: without it stdin stays open
 */
function withPipe(t, args, { cwd, input }) {
  const child = spawn(process.execPath, [command, ...args], { cwd });
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  // It may end before it has read everything.
  child.stdin.on('error', () => {});
  if (input !== undefined) child.stdin.end(input);
  const done = once(child, 'close').then(([code]) => ({ code, stdout, stderr }));
  return Object.assign(done, { child, stdout: () => stdout });
}

module.exports = { command, noTerminal, onTerminal, withPipe };
