'use strict';

// docs/security.md: the rules that it shows can be read, and its command makes what it says.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { ROLES } = require('../../lib/cli/certs/roles');
const { native } = require('../../lib/crossing/addon');
const { hasOpenssl } = require('../support/tls/certificates');
const { blocksFor, read } = require('../support/docs/markdown');
const { tempFolder } = require('../support/cli/owt-tree');
const { command } = require('../support/cli/terminal');

test('the rules that docs/security.md shows can be read', () => {
  const [rules] = blocksFor('docs/security.md', 'bus/authorize-docs');
  assert.ok(new (native().Rules)(rules));
});

test('the command of docs/security.md makes a folder for each role that it names, and rules that can be read', { skip: !hasOpenssl && 'needs openssl' }, (t) => {
  const [, line, ...others] = blocksFor('docs/security.md', 'bus/authorize-docs');
  assert.deepEqual(others, [], 'code that is not tested');
  const args = /^npx owt-grpc (certs certificates --roles --host \S+)\n$/.exec(line)[1].split(' ');
  const folder = tempFolder(t);
  const { status, stderr } = spawnSync(process.execPath, [command, ...args], { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const roles = Object.keys(ROLES);
  const made = fs.readdirSync(path.join(folder, 'certificates'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(made.map(({ name }) => name).sort(), [...roles].sort());
  assert.ok(new (native().Rules)(fs.readFileSync(path.join(folder, 'certificates/authorize.json'), 'utf8')));
  const page = read('docs/security.md');
  for (const role of roles.filter((name) => !name.endsWith('_agent'))) assert.ok(page.includes(`\`${role}\``), role);
});
