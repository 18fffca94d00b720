'use strict';

// An agent as OWT's: it joins the bus, serves an id and starts nodes, which are given its
// environment: `agent-process.js <id> <members> <nodes>`. Each process prints one line of
// JSON: its members' addresses, or why they are not let in. It ends with its input.

const { spawn } = require('node:child_process');
const { connectBus } = require('../../..');

const [id, members, nodes] = process.argv.slice(2);

async function join(name) {
  const bus = await connectBus();
  await bus.serve(name, { where: () => name });
  return (await bus.status()).address;
}

async function main() {
  const names = Array.from({ length: Number(members) }, (_, n) => `${id}.${n}`);
  const joined = await Promise.all(names.map((name) => join(name).catch((error) => ({ code: error.code, message: error.message }))));
  console.log(JSON.stringify(Object.fromEntries(names.map((name, n) => [name, joined[n]]))));
  for (let n = 0; n < Number(nodes); n++) {
    const node = spawn(process.execPath, [__filename, `${id}-${n}`, members, '0'], { stdio: ['pipe', 'inherit', 'inherit'] });
    node.stdin.on('error', () => {});
  }
  process.stdin.on('end', () => process.exit()).resume();
}

main();
