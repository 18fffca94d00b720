'use strict';

// Several machines on one: network namespaces on a bridge. Linux, as root.

const { execFileSync } = require('node:child_process');

const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });

let made = 0;

/** Why there can be no namespaces here; false if there can. */
const noHosts = (() => {
  const name = `owtg${process.pid}t`;
  try {
    ip('netns', 'add', name);
    try {
      ip('-n', name, 'link', 'add', 'name', 'br0', 'type', 'bridge');
      ip('-n', name, 'link', 'add', 'name', 'veth0', 'type', 'veth', 'peer', 'name', 'veth1');
    } finally {
      ip('netns', 'del', name);
    }
    return false;
  } catch {
    return 'needs network namespaces: Linux, iproute2 and root';
  }
})();

/**
 * Machines on networks, gone with the test. Those on one network reach each
 * other, by IPv4 and by IPv6; nothing leads from one network to another.
 *
 * @param {import('node:test').TestContext} t
 * @param {number | number[][]} machines how many on one network, or the networks of each
 * @returns {{ address: string, address6: string, addresses: string[], within: string[], cut: () => void, heal: () => void }[]} each with its
 *   addresses (of its first network, and the IPv4 ones of all), the command that runs another one there, and what takes it off its networks
 *   and back
 */
function hosts(t, machines) {
  const networksOf = typeof machines === 'number' ? Array.from({ length: machines }, () => [0]) : machines;
  const prefix = `owtg${process.pid}x${made++}`;
  const names = networksOf.map((_, n) => `${prefix}n${n}`);
  const hub = `${prefix}h`;
  t.after(() => {
    for (const name of [hub, ...names]) {
      try {
        ip('netns', 'del', name);
      } catch {
        // It was not made.
      }
    }
  });
  ip('netns', 'add', hub);
  for (const network of new Set(networksOf.flat())) {
    ip('-n', hub, 'link', 'add', 'name', `br${network}`, 'type', 'bridge');
    ip('-n', hub, 'link', 'set', `br${network}`, 'up');
  }
  return names.map((name, n) => {
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
    const addresses = networksOf[n].map((network) => {
      const [address, card, port] = [`10.77.${network}.${n + 1}`, `eth${network}`, `port${n}n${network}`];
      ip('-n', name, 'link', 'add', 'name', card, 'type', 'veth', 'peer', 'name', port, 'netns', hub);
      ip('-n', hub, 'link', 'set', port, 'master', `br${network}`, 'up');
      ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', card);
      // Nobody else has it: it need not be asked for before it is used.
      ip('-n', name, '-6', 'addr', 'add', `fd77:${network + 1}::${n + 1}/64`, 'dev', card, 'nodad');
      ip('-n', name, 'link', 'set', card, 'up');
      return address;
    });
    const cable = (/** @type {string} */ state) => () => networksOf[n].forEach((network) => ip('-n', hub, 'link', 'set', `port${n}n${network}`, state));
    return { cut: cable('down'), heal: cable('up'), address: addresses[0], address6: `fd77:${networksOf[n][0] + 1}::${n + 1}`, addresses, within: ['ip', 'netns', 'exec', name] };
  });
}

module.exports = { hosts, noHosts };
