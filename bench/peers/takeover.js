'use strict';

// One process of the startup bench's second half: `takeover.js <registry> <role>`.
// Moments are those of the system's monotonic clock, in ms.

const { createInterface } = require('node:readline');
const { connectBus } = require('../..');

const [registry, role] = process.argv.slice(2);
const now = () => Number(process.hrtime.bigint() / 1000n) / 1000;
const say = (what) => console.log(JSON.stringify(what));

const roles = {
  /** Hosts the registry: it is the first. */
  host: () => ({}),
  /** Serves an id, and is asked to serve another. */
  async running(bus) {
    await bus.serve('known', { ping: () => 'pong' });
    return {
      async serve(id) {
        await bus.serve(id, { ping: () => 'pong' });
        say(now());
      },
    };
  },
  /** Calls the known id without pause, and the new one as soon as it hears of it. */
  async caller(bus) {
    const replies = [];
    let failed = 0;
    void (async () => {
      for (;;) {
        await bus.call('known', 'ping').catch(() => failed++);
        replies.push(now());
      }
    })();
    return {
      async call(id) {
        await bus.call(id, 'ping', [], { timeout: 30_000 });
        say(now());
      },
      /** The longest time without a reply, in a span. */
      gap(span) {
        const [from, to] = JSON.parse(span);
        const within = replies.filter((at) => at >= from && at <= to);
        const gaps = within.slice(1).map((at, n) => at - within[n]);
        say({ gap: Math.max(...gaps), calls: within.length, failed });
      },
    };
  },
};

connectBus({ registry }).then(async (bus) => {
  const commands = await roles[role](bus);
  say('ready');
  const lines = createInterface({ input: process.stdin });
  lines.on('close', () => process.exit());
  lines.on('line', (line) => {
    const [command, value] = line.split(' ');
    void commands[command](value);
  });
});
