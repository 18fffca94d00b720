'use strict';

// A folder in which owt-grpc is installed from the tarballs that would be
// published, on a machine without Rust: PATH has Node.js and a shell, no more.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '../..');
const { version } = require('../../package.json');
const { platformPackage, target } = require('../../lib/addon-path');

const tarball = (name) => path.join(root, 'target', 'pack', `${name}-${version}.tgz`);
const MAIN = tarball('owt-grpc');
const PLATFORM = tarball(platformPackage(target().name));

/** npm's own script: its launcher needs more of PATH than there is. */
const npm = process.env.npm_execpath;

/** A PATH without Rust, in a folder. */
function pathWithoutRust(folder) {
  if (process.platform === 'win32') return path.dirname(process.execPath);
  const bin = path.join(folder, 'bin');
  fs.mkdirSync(bin);
  fs.symlinkSync(process.execPath, path.join(bin, 'node'));
  fs.symlinkSync('/bin/sh', path.join(bin, 'sh'));
  return bin;
}

class Installation {
  /** @param {string[]} packages tarballs */
  constructor(packages) {
    this.folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-install-')));
    // Variables of the npm that runs the tests would be taken for the user's.
    const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|path$|node_options$|node_test)/i.test(name));
    this.env = { ...Object.fromEntries(kept), PATH: pathWithoutRust(this.folder) };
    this.write('package.json', '{ "private": true }');
    if (packages.length > 0) this.npm('install', '--offline', '--no-audit', '--no-fund', ...packages);
  }

  write(name, text) {
    const file = path.join(this.folder, name);
    fs.writeFileSync(file, text);
    return file;
  }

  npm(...args) {
    return this.node(npm, ...args);
  }

  /** What Node.js prints for these arguments. */
  node(...args) {
    return execFileSync(process.execPath, args, { cwd: this.folder, env: this.env, encoding: 'utf8', timeout: 120_000 });
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
