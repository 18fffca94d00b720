'use strict';

// Many members in one process: `bus-crowd.js <port> <count>`. Each hears the
// exchange "crowd", where what is sent is numbered from 0. A line says that all
// have joined; a number on stdin is answered when each has heard so many.

const { spawn } = require('node:child_process');
const { createInterface } = require('node:readline');

/**
 * @param {import('node:test').TestContext} t
 * @param {number} port of the registry
 * @param {number} count
 */
async function spawnCrowd(t, port, count) {
  const child = spawn(process.execPath, [__filename, String(port), String(count)], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('a process of many members ended');
    return JSON.parse(value);
  };
  await line();
  return {
    pid: child.pid,
    /** How many members have heard `least` messages, and how many of these came twice or late. */
    heard(least) {
      child.stdin.write(`${least}\n`);
      return line();
    },
  };
}

async function main() {
  const { connectBus } = require('../../..');
  const [port, count] = process.argv.slice(2).map(Number);
  const last = new Array(count).fill(-1);
  let wrong = 0;
  let onHeard = () => {};
  const members = await Promise.all(Array.from({ length: count }, () => connectBus({ registry: `127.0.0.1:${port}` })));
  await Promise.all(members.map(async (bus, n) => {
    const heard = bus.subscribe('crowd', '#', { maxWaiting: 100_000 });
    await heard.ready;
    void (async () => {
      for await (const { data } of heard) {
        const number = data.number ?? data;
        if (number !== last[n] + 1) wrong++;
        last[n] = number;
        onHeard();
      }
    })();
  }));
  console.log('"joined"');
  for await (const least of createInterface({ input: process.stdin })) {
    await new Promise((resolve) => {
      onHeard = () => last.every((number) => number + 1 >= Number(least)) && resolve();
      onHeard();
    });
    console.log(JSON.stringify({ members: count, wrong }));
  }
  process.exit();
}

if (require.main === module) main();

module.exports = { spawnCrowd };
