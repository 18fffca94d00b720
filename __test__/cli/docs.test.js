'use strict';

// docs/cli.md: its commands are run, in its order, and its options are those there are.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const certs = require('../../lib/cli/certs');
const swap = require('../../lib/cli/swap');
const { hasOpenssl } = require('../support/tls/certificates');
const { installation, preload, snapshot, tempFolder } = require('../support/cli/owt-tree');
const { blocksFor } = require('../support/docs/markdown');
const { command } = require('../support/cli/terminal');

const text = fs.readFileSync(path.join(__dirname, '../../docs/cli.md'), 'utf8');
const sections = Object.fromEntries(text.split(/^## /m).slice(1).map((section) => [section.split('\n')[0], section]));
const [three, enable, make, renew, ...others] = blocksFor('docs/cli.md', 'cli/docs');
const skip = process.platform === 'win32' && 'needs a POSIX shell';

/** Runs a script in which owt-grpc is a command, as npm installs it. */
function sh(t, cwd, script) {
  const bin = tempFolder(t);
  fs.symlinkSync(command, path.join(bin, 'owt-grpc'));
  const env = { ...process.env, PATH: `${bin}:${path.dirname(process.execPath)}:${process.env.PATH}`, NODE_OPTIONS: preload.join('=') };
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', script], { cwd, env, encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, 0, `${script}${stdout}${stderr}`);
  return stdout;
}

test('the commands of swap do what docs/cli.md says', { skip }, (t) => {
  assert.deepEqual(others, [], 'a command that is not tested');
  const root = installation(t);
  const before = snapshot(root);
  const [dry, apply, undo] = three.trim().replace(/\/opt\/owt/g, root).split('\n');
  assert.match(sh(t, root, dry), /^\+module\.exports = require\('owt-grpc\/amqpClient'\);$/m);
  assert.deepEqual(snapshot(root), before);
  assert.match(sh(t, root, apply), /^Swapped/m);
  assert.notDeepEqual(snapshot(root), before);
  sh(t, root, undo);
  assert.deepEqual(snapshot(root), before);
  assert.match(sh(t, root, enable.replace(/\/opt\/owt/g, root)), /^ {2}cluster_manager\/cluster_manager\.toml$/m);
  assert.match(fs.readFileSync(path.join(root, 'portal/portal.toml'), 'utf8'), /^grpc_host = "manager\.example:10080"$/m);
});

test('the commands of certs do what docs/cli.md says', { skip: skip || (!hasOpenssl && 'needs openssl') }, (t) => {
  const cwd = tempFolder(t);
  fs.mkdirSync(path.join(cwd, 'portal'));
  sh(t, cwd, make);
  assert.ok(fs.existsSync(path.join(cwd, 'portal/.owt.authstore')));
  const before = fs.readFileSync(path.join(cwd, 'certificates/server.crt'));
  assert.equal(sh(t, cwd, `${renew}printf %s "$OWT_GRPC_SERVER_CERT"`), path.join(cwd, 'certificates/server.crt'));
  assert.ok(!fs.readFileSync(path.join(cwd, 'certificates/server.crt')).equals(before));
});

test('docs/cli.md has the options of the commands', () => {
  for (const [name, { help }] of Object.entries({ certs, swap })) {
    const options = [...help.matchAll(/^ {2}--([\w-]+)/gm)].map(([, option]) => option).filter((option) => option !== 'help');
    const rows = [...sections[name].matchAll(/^\| (`--[^|]*) \|/gm)].flatMap(([, cell]) => [...cell.matchAll(/--([\w-]+)/g)].map(([, option]) => option));
    assert.deepEqual(rows.sort(), options.sort(), name);
  }
});
