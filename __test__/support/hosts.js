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
 * Machines that reach each other, gone with the test.
 *
 * @param {import('node:test').TestContext} t
 * @param {number} count
 * @returns {{ address: string, within: string[] }[]} each with its address, and the command that runs another one there
 */
function hosts(t, count) {
  const prefix = `owtg${process.pid}x${made++}`;
  const names = Array.from({ length: count }, (_, n) => `${prefix}n${n}`);
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
  ip('-n', hub, 'link', 'add', 'name', 'br0', 'type', 'bridge');
  ip('-n', hub, 'link', 'set', 'br0', 'up');
  return names.map((name, n) => {
    const address = `10.77.0.${n + 1}`;
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'add', 'name', 'eth0', 'type', 'veth', 'peer', 'name', `port${n}`, 'netns', hub);
    ip('-n', hub, 'link', 'set', `port${n}`, 'master', 'br0', 'up');
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    return { address, within: ['ip', 'netns', 'exec', name] };
  });
}

module.exports = { hosts, noHosts };
