'use strict';

// The other end of bus-process.js: members that a test starts, tells what to do
// and kills.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { createInterface } = require('node:readline');

const SCRIPT = path.join(__dirname, 'process.js');

class Member {
  /**
   * A process that is ready to join.
   *
   * @param {import('node:test').TestContext} t
   * @param {number | string} registry a port of 127.0.0.1, or host:port
   * @param {string} id what it serves
   * @param {Record<string, string>} [env]
   * @param {string[]} [within] a command to run it by
   */
  static async spawn(t, registry, id, env = {}, within = []) {
    const member = new Member();
    member.id = id;
    const [, host, port] = typeof registry === 'number' ? [registry, '127.0.0.1', registry] : registry.match(/^(.*):(\d+)$/);
    const args = [SCRIPT, JSON.stringify({ host, port: Number(port) }), id];
    const [program, ...rest] = [...within, process.execPath, ...args];
    member.child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    // What is written to one that is killed is lost: its answer says so.
    member.child.stdin.on('error', () => {});
    t.after(() => member.child.kill('SIGKILL'));
    member.lines = createInterface({ input: member.child.stdout })[Symbol.asyncIterator]();
    await member.answer();
    return member;
  }

  /** A process that has joined and serves its id. */
  static async start(t, registry, id, env, within) {
    const member = await Member.spawn(t, registry, id, env, within);
    await member.tell('join');
    return member;
  }

  get pid() {
    return this.child.pid;
  }

  async answer() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`the process of ${this.id} ended`);
    return JSON.parse(value);
  }

  /** Its answer, when it is done. */
  tell(command, value) {
    this.child.stdin.write(`${JSON.stringify({ command, value })}\n`);
    return this.answer();
  }

  async kill() {
    this.child.kill('SIGKILL');
    await once(this.child, 'close');
  }
}

/** Whether a process listens on a port. Linux only. */
function listens(pid, port) {
  const shown = port.toString(16).toUpperCase().padStart(4, '0');
  const LISTEN = '0A';
  const lines = fs.readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1);
  const sockets = lines.map((line) => line.trim().split(/\s+/)).filter(([, local, , state]) => local.endsWith(`:${shown}`) && state === LISTEN);
  const inodes = sockets.map((fields) => `socket:[${fields[9]}]`);
  return fs.readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return inodes.includes(fs.readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {
      // Closed since the folder was read.
      return false;
    }
  });
}

module.exports = { Member, listens };
