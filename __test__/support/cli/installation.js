'use strict';

// A folder in which owt-grpc is installed from the tarballs that would be
// published, on a machine without Rust: PATH has Node.js and a shell, no more.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '../../..');
const { version } = require('../../../package.json');
const { platformPackage, target } = require('../../../lib/crossing/platform');

const tarball = (name) => path.join(root, 'target', 'pack', `${name}-${version}.tgz`);
const MAIN = tarball('owt-grpc');
const PLATFORM = tarball(platformPackage(target().name));

/** The Node.js that runs the tests, and npm's own script: its launcher needs more of PATH than there is. */
const OURS = { node: process.execPath, npm: process.env.npm_execpath, npx: '' };

/** A PATH without Rust, in a folder. */
function pathWithoutRust(folder, node) {
  if (process.platform === 'win32') return path.dirname(node);
  const bin = path.join(folder, 'bin');
  fs.mkdirSync(bin);
  fs.symlinkSync(node, path.join(bin, 'node'));
  fs.symlinkSync('/bin/sh', path.join(bin, 'sh'));
  return bin;
}

class Installation {
  /**
   * @param {string[]} packages tarballs, or names
   * @param {{ tools?: typeof OURS, env?: NodeJS.ProcessEnv, args?: string[] }} [options] `tools`: another Node.js and npm; `env`: beside
   *   this one's; `args`: of the installation, which by default uses no registry
   */
  constructor(packages, { tools = OURS, env = {}, args = ['--offline'] } = {}) {
    this.folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-install-')));
    this.tools = tools;
    // Variables of the npm that runs the tests would be taken for the user's.
    const kept = Object.entries({ ...process.env, ...env }).filter(([name]) => name in env || !/^(npm_|path$|node_options$|node_test)/i.test(name));
    this.env = { ...Object.fromEntries(kept), PATH: pathWithoutRust(this.folder, tools.node) };
    this.write('package.json', '{ "private": true }');
    if (packages.length > 0) this.npm('install', ...args, '--no-audit', '--no-fund', ...packages);
  }

  write(name, text) {
    const file = path.join(this.folder, name);
    fs.writeFileSync(file, text);
    return file;
  }

  npm(...args) {
    return this.node(this.tools.npm, ...args);
  }

  npx(...args) {
    return this.node(this.tools.npx, ...args);
  }

  read(name) {
    return fs.readFileSync(path.join(this.folder, name), 'utf8');
  }

  /** The packages that npm has put there. */
  packages() {
    return fs.readdirSync(path.join(this.folder, 'node_modules')).filter((name) => !name.startsWith('.')).sort();
  }

  /** What Node.js prints for these arguments. */
  node(...args) {
    return execFileSync(this.tools.node, args, { cwd: this.folder, env: this.env, encoding: 'utf8', timeout: 120_000, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** What a script gives, as JSON. */
  ask(expression) {
    return JSON.parse(this.node('-p', `JSON.stringify(${expression})`));
  }

  remove() {
    fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A script of this repository that requires, as one that imports. */
function asModule(script) {
  return script.replace(/^const (.+?) = require\((.+?)\);/gm, (_all, names, from) => `import ${names.replace(/(\w+): (\w+)/g, '$1 as $2')} from ${from};`);
}

module.exports = { Installation, MAIN, PLATFORM, asModule, root };
