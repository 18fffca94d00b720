'use strict';

// A client and a server process of one variant, and what they use.

const { spawn, spawnSync } = require('node:child_process');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { usage } = require('./usage');

const native = path.join(__dirname, 'native', 'target', 'release', 'native-pair');
const peer = (script) => path.join(__dirname, 'peers', script);

const COMMANDS = {
  ours: { server: [process.execPath, peer('server.js'), 'ours'], client: [process.execPath, peer('client.js'), 'ours'] },
  'grpc-js': { server: [process.execPath, peer('server.js'), 'grpc-js'], client: [process.execPath, peer('client.js'), 'grpc-js'] },
  native: { server: [native, 'server'], client: [native, 'client'] },
};

/** Builds the native pair; the others need no build of their own. */
function buildNative() {
  const args = ['build', '--release', '--quiet', '--locked'];
  const { status } = spawnSync('cargo', args, { cwd: path.join(__dirname, 'native'), stdio: 'inherit' });
  if (status !== 0) throw new Error(`cargo ${args.join(' ')} failed in bench/native`);
}

class Pair {
  /**
   * @param {string} name
   * @param {import('node:child_process').SpawnOptions} [surroundings] folder and environment of both
   */
  static async start(name, surroundings = {}) {
    const pair = new Pair();
    pair.name = name;
    pair.surroundings = surroundings;
    pair.server = pair.spawn(COMMANDS[name].server);
    const port = await pair.server.line();
    pair.client = pair.spawn([...COMMANDS[name].client, port]);
    return pair;
  }

  spawn([command, ...args]) {
    const child = spawn(command, args, { ...this.surroundings, stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const line = async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${this.name}: ${path.basename(args[0] ?? command)} ended`);
      return value;
    };
    return { child, line };
  }

  /** One load, with the CPU time of both processes. */
  async run(load) {
    const before = this.usage();
    this.client.child.stdin.write(`${JSON.stringify(load)}\n`);
    const result = JSON.parse(await this.client.line());
    const after = this.usage();
    return { ...result, perSecond: result.count / result.seconds, cpuPer100k: ((after.cpu - before.cpu) / result.count) * 1e5, rss: after.rss };
  }

  usage() {
    const [client, server] = [this.client, this.server].map(({ child }) => usage(child.pid));
    return { cpu: client.cpu + server.cpu, rss: client.rss + server.rss };
  }

  stop() {
    this.client.child.stdin.end();
    this.server.child.stdin.end();
  }
}

module.exports = { Pair, buildNative };
