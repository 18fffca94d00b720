'use strict';

// A process of the scale bench: `scale.js registry <port>` or `scale.js crowd
// <port> <count> <name>`. "join" makes the members, each with an id and a
// subscription; "publish" sends to all of them, over links that it makes.

const { createInterface } = require('node:readline');
const { connectBus, startRegistry } = require('../..');

const [role, port, count, name] = process.argv.slice(2);
const registry = `127.0.0.1:${port}`;
/** @type {any[]} */
const members = [];

const commands = {
  async join() {
    const joining = Array.from({ length: Number(count) }, async (_, n) => {
      const bus = await connectBus({ registry, host: false });
      members.push(bus);
      await bus.serve(`${name}-${String(n).padStart(20, '0')}@10.0.0.21`, { ping: () => 'pong' });
      await bus.subscribe('crowd', '#').ready;
    });
    await Promise.all(joining);
  },
  publish: () => members[0].publish('crowd', 'all', { hello: 'all' }),
};

async function main() {
  if (role === 'registry') await startRegistry({ listen: registry });
  console.log('ready');
  const lines = createInterface({ input: process.stdin });
  lines.on('close', () => process.exit());
  for await (const line of lines) {
    await commands[line]();
    console.log('done');
  }
}

main();
