'use strict';

// Run on a machine of its own, whose system has ten ports to give: one member is
// killed, and a new one is given its port, since all others are taken until it listens.
// Prints what the others see of it then.

const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const { connectBus, startRegistry } = require('../../..');

const FIRST = 30000;
const LAST = 30009;
const REGISTRY = '127.0.0.1:20001';

/** Whether this process listens on one of the ports. */
function listens() {
  const LISTEN = '0A';
  const mine = new Set();
  for (const fd of fs.readdirSync('/proc/self/fd')) {
    try {
      mine.add(fs.readlinkSync(`/proc/self/fd/${fd}`));
    } catch (_error) {
      // Closed since the folder was read.
    }
  }
  const sockets = fs.readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/));
  const found = sockets.find((fields) => fields[3] === LISTEN && mine.has(`socket:[${fields[9]}]`));
  return found === undefined ? null : parseInt(found[1].split(':')[1], 16);
}

async function member(id) {
  process.send('loaded');
  await once(process, 'message');
  const joining = connectBus({ registry: REGISTRY });
  const first = await new Promise((resolve) => {
    const look = setInterval(() => {
      const port = listens();
      if (port === null) return;
      clearInterval(look);
      resolve(port);
    }, 1);
  });
  process.send({ first });
  const bus = await joining;
  await bus.serve(id, { ping: () => 'pong' });
  process.send({ address: (await bus.status()).address });
}

/** A process that joins as soon as it is told: the dead one is known for two seconds only. */
async function loaded(id) {
  const child = fork(__filename, [id]);
  await once(child, 'message');
  return child;
}

async function main() {
  fs.writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', `${FIRST} ${LAST}`);
  await startRegistry({ listen: REGISTRY });
  const [gone, heir] = await Promise.all(['gone', 'heir'].map(loaded));
  gone.send('join');
  const [{ first: freed }] = await once(gone, 'message');
  await once(gone, 'message');
  const asker = await connectBus({ registry: REGISTRY });
  gone.kill('SIGKILL');
  await once(gone, 'exit');
  const holders = [];
  for (let port = FIRST; port <= LAST; port++) {
    if (port === freed) continue;
    const holder = net.createServer().listen(port, '127.0.0.1');
    // Some are taken by links.
    await Promise.race([once(holder, 'listening'), once(holder, 'error').catch(() => {})]).catch(() => {});
    holders.push(holder);
  }
  heir.send('join');
  const [{ first }] = await once(heir, 'message');
  for (const holder of holders) holder.close();
  const [{ address }] = await once(heir, 'message');
  const { members } = await asker.status();
  const seen = members.find(({ ids }) => ids.includes('heir'));
  console.log(JSON.stringify({ freed, first, address, seen: seen.address, reply: await asker.call('heir', 'ping') }));
  heir.kill('SIGKILL');
  process.exit();
}

if (process.argv[2]) member(process.argv[2]);
else main();
