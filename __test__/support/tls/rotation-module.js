'use strict';

// A server and clients in one process whose files are replaced from outside: by
// OWT's variables, with whatever interval they say. Makes calls without pause, each
// on a connection of its own and also on one that stands; each line of stdin is
// answered by how many were made and what failed. Prints its port first.

const { createInterface } = require('node:readline');
const { Server, createClient, setLogger } = require('../../..');

const lines = [];
const add = (text) => lines.push(text);
setLogger({ warn: add, info: add }, 'info');
const say = (what) => console.log(JSON.stringify(what));

async function main() {
  const server = new Server().addService('webrtc', { publish: async (call) => ({ id: call.request.id }) });
  const port = await server.listen('127.0.0.1:0');
  const standing = createClient('webrtc', `localhost:${port}`);
  const made = { fresh: 0, standing: 0 };
  const failures = [];
  let going = true;

  const attempt = async (kind, client) => {
    try {
      await client.publish({ id: 'p' }, { timeout: 10_000 });
      made[kind] += 1;
    } catch (error) {
      failures.push(error.message);
    }
  };
  const again = async () => {
    while (going) {
      await attempt('standing', standing);
      const fresh = createClient('webrtc', `localhost:${port}`, { maxPendingCalls: 1, maxReceiveBytes: 1_000_000 });
      await attempt('fresh', fresh);
      fresh.close();
    }
  };
  const calls = again();
  say(port);
  for await (const _line of createInterface({ input: process.stdin })) say({ made: { ...made }, failures, lines });
  going = false;
  await calls;
  standing.close();
  await server.stop();
}

main();
