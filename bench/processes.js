'use strict';

// The processes of a bench: started, spoken to by lines, measured together.

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { threadsCpu } = require('./usage');

/** Process ids of RabbitMQ on this machine, whose CPU time counts. */
function brokers() {
  const { stdout } = spawnSync('pgrep', ['beam.smp'], { encoding: 'utf8' });
  const pids = stdout.trim().split('\n').filter(Boolean).map(Number);
  if (pids.length === 0) throw new Error('No RabbitMQ runs on this machine: its CPU time cannot be read');
  return pids;
}

class Peer {
  /**
   * @param {string} script of bench/peers, or the whole path of another
   * @param {string[]} args
   */
  static async start(script, args) {
    const peer = Peer.silent(script, args);
    peer.first = await peer.line();
    return peer;
  }

  /** One that says nothing before it is asked. */
  static silent(script, args) {
    const peer = new Peer();
    peer.what = `${script} ${args.join(' ')}`;
    peer.child = spawn(process.execPath, [path.resolve(__dirname, 'peers', script), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    peer.pid = peer.child.pid;
    peer.lines = createInterface({ input: peer.child.stdout })[Symbol.asyncIterator]();
    return peer;
  }

  async line() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.what} ended`);
    return value;
  }

  tell(line) {
    this.child.stdin.write(`${line}\n`);
  }

  ask(line) {
    this.tell(line);
    return this.line();
  }

  stop() {
    this.child.stdin.end();
  }

  async ended() {
    this.stop();
    await once(this.child, 'close');
  }
}

/** CPU seconds that processes have used, to the microsecond. */
const cpuOf = (pids) => pids.reduce((sum, pid) => sum + threadsCpu(pid), 0);

module.exports = { Peer, brokers, cpuOf };
