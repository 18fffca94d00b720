'use strict';

// A port is given to another when its member was killed and is known still.

const assert = require('node:assert').strict;
const path = require('node:path');
const { test } = require('node:test');
const { hosts, noHosts } = require('../support/net/hosts');
const { run } = require('../support/docs/markdown');

const SCRIPT = path.join(__dirname, '../support/bus/freed-port.js');

test('a member that is given the port of one that was killed listens elsewhere, and is called there', { timeout: 60_000, skip: noHosts }, async (t) => {
  const [{ within: [program, ...args] }] = hosts(t, 1);
  const { code, stdout, stderr } = await run(t, program, [...args, process.execPath, SCRIPT], { env: { OWT_GRPC_REGISTRY: '127.0.0.1:20001' } });
  assert.equal(code, 0, stderr);
  const { freed, first, address, seen, reply } = JSON.parse(stdout);
  assert.equal(first, freed, 'the case has come about');
  assert.notEqual(address, `127.0.0.1:${freed}`);
  assert.deepEqual([seen, reply], [address, 'pong']);
});
