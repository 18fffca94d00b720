'use strict';

// docs/credentials.md: its commands are run, in its order, in one directory.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const auth = require('../../lib/cli/auth');
const { readStore } = require('../../lib/credentials/store');
const { blocksFor } = require('../support/docs/markdown');
const { tempFolder } = require('../support/cli/stores');
const { command } = require('../support/cli/terminal');

const text = fs.readFileSync(path.join(__dirname, '../../docs/credentials.md'), 'utf8');
const blocks = blocksFor('docs/credentials.md', 'credentials/docs');
const missing = (name) => spawnSync(name, ['version']).error !== undefined;
const skip = (process.platform === 'win32' || missing('sh')) && 'needs a POSIX shell';

test('the commands of docs/credentials.md do what it says', { skip, timeout: 60_000 }, (t) => {
  const cwd = tempFolder(t);
  const module = path.join(cwd, 'cluster_manager');
  fs.mkdirSync(path.join(module, 'portal'), { recursive: true });
  // As npm installs it.
  fs.symlinkSync(command, path.join(cwd, 'owt-grpc'));
  const env = { ...process.env, PATH: `${cwd}:${path.dirname(process.execPath)}:${process.env.PATH}`, SERVER_PASS: 'a b', CLIENT_PASS: "c'd" };
  const run = (script, input) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-ec', script], { cwd: module, env, input, encoding: 'utf8' });
    assert.equal(status, 0, `${script}${stdout}${stderr}`);
    return stdout;
  };
  const stored = (folder) => readStore(path.join(module, folder, '.owt.authstore')).reveal();
  const [typed, piped, cleanup, opened, ...others] = blocks;
  assert.deepEqual(others, [], 'a command that is not tested');

  run(typed, 'yes\none\ntwo\n');
  assert.deepEqual(stored('.'), { grpc: { serverPass: 'one', clientPass: 'two' } });
  run(piped);
  assert.deepEqual(stored('portal'), { grpc: { serverPass: 'a b', clientPass: "c'd" } });
  run(cleanup);
  assert.deepEqual(stored('portal'), { grpc: null });
  if (missing('openssl')) t.diagnostic('no openssl command here: the last one was not run');
  else assert.deepEqual(JSON.parse(run(opened)), stored('.'));
});

test('docs/credentials.md has the options of the command and the codes of the errors', () => {
  const listed = (pattern, of) => [...of.matchAll(pattern)].map(([, name]) => name).sort();
  const options = listed(/^ {2}--(\w+)/gm, auth.help).filter((name) => name !== 'help');
  assert.deepEqual(listed(/^\| `--(\w+)/gm, text), options);
  const errors = fs.readFileSync(require.resolve('../../lib/credentials/errors'), 'utf8');
  const [table] = /\| code \|[^]*?\n\n/.exec(text);
  assert.deepEqual(listed(/`([A-Z_]+)`/g, table), listed(/ \* - `([A-Z_]+)`/g, errors));
});
