'use strict';

// Runs the test suite on other Node.js versions than the one that is installed:
// `npm run test:node -- 18 26`, or all that are supported. An npm package
// carries each version's binary; it is kept in target/node.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const SUPPORTED = ['18', '20', '22', '24', '26'];

const platform = process.platform === 'win32' ? 'win' : process.platform;
const carrier = `node-${platform}-${process.arch}`;

/** The folder with a version's `node`, fetched if it is not there. */
function fetched(version) {
  const prefix = path.join(root, 'target', 'node', version);
  const bin = path.join(prefix, 'node_modules', carrier, 'bin');
  if (fs.existsSync(bin)) return bin;
  fs.mkdirSync(prefix, { recursive: true });
  const args = ['install', '--prefix', prefix, '--no-save', '--no-audit', '--no-fund', `${carrier}@${version}`];
  const { status } = spawnSync('npm', args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`no Node.js ${version} for ${platform} ${process.arch}: npm ${args.join(' ')} failed`);
  return bin;
}

/** Whether the suite passes on a version. */
function passes(version) {
  const bin = fetched(version);
  const node = path.join(bin, process.platform === 'win32' ? 'node.exe' : 'node');
  console.log(`\nNode.js ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`);
  // What tests start by the name `node` is that version, too.
  const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` };
  const started = Date.now();
  const { status } = spawnSync(node, [path.join(__dirname, 'test.js'), ...parts], { cwd: root, env, stdio: 'inherit' });
  console.log(`Node.js ${version}: ${status === 0 ? 'passed' : 'FAILED'} after ${Math.round((Date.now() - started) / 1000)} s`);
  return status === 0;
}

const isVersion = (text) => /^\d+(\.\d+){0,2}$/.test(text);
const versions = process.argv.slice(2).filter(isVersion);
const parts = process.argv.slice(2).filter((text) => !isVersion(text));

const failed = (versions.length > 0 ? versions : SUPPORTED).filter((version) => !passes(version));
if (failed.length > 0) console.error(`\nfailed on Node.js ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
