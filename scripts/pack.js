'use strict';

// Makes the tarballs that are published, in target/pack: owt-grpc, and one
// package for each platform of npm/ whose addon lies in the root folder. Here
// that is the one that was built; a release has collected all of them, and says
// --all so that none can be missing.
//
// Only the staged package.json names the platform packages, as optional
// dependencies, and only those that were packed with it. The repository's own
// names none, because `npm ci` would look for packages that do not exist before
// they are published; it is private, so that it cannot be published as it is.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { addon, platformPackage } = require('../lib/addon-path');
const { checkSize } = require('./addon-size');

const root = path.join(__dirname, '..');
const output = path.join(root, 'target', 'pack');
const read = (...file) => JSON.parse(fs.readFileSync(path.join(root, ...file), 'utf8'));

const main = read('package.json');
const platforms = fs.readdirSync(path.join(root, 'npm')).sort();

/** What all packages have in common. npm proves where a package comes from only if it says so. */
function common() {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
  const { version, license, engines } = main;
  return { version, license, engines, ...(repository ? { repository: { type: 'git', url: `git+${server}/${repository}.git` } } : {}) };
}

/** The tarball of a package, from a folder with nothing but its files. */
function pack(description, copied) {
  const stage = path.join(output, description.name);
  fs.mkdirSync(stage, { recursive: true });
  for (const name of copied) fs.cpSync(path.join(root, name), path.join(stage, name), { recursive: true });
  fs.writeFileSync(path.join(stage, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);
  const args = ['pack', '--silent', '--pack-destination', output];
  execFileSync('npm', args, { cwd: stage, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' });
  const tarball = path.join(output, `${description.name}-${description.version}.tgz`);
  console.log(`${path.relative(root, tarball)}: ${(fs.statSync(tarball).size / 1e6).toFixed(2)} MB`);
}

function packPlatform(name) {
  checkSize(path.join(root, addon(name)));
  pack({ ...read('npm', name, 'package.json'), ...common() }, [addon(name), 'LICENSE']);
}

function packMain(packed) {
  const { private: _private, scripts: _scripts, devDependencies: _devDependencies, ...kept } = main;
  const optionalDependencies = Object.fromEntries(packed.map((name) => [platformPackage(name), main.version]));
  pack({ ...kept, ...common(), optionalDependencies }, [...main.files, 'README.md', 'LICENSE']);
}

const packed = platforms.filter((name) => fs.existsSync(path.join(root, addon(name))));
const missing = platforms.filter((name) => !packed.includes(name));
if (packed.length === 0 || (process.argv.includes('--all') && missing.length > 0)) {
  console.error(`no addon for ${missing.join(', ')}: ${missing.map((name) => addon(name)).join(', ')} should lie in ${root}`);
  process.exit(1);
}
fs.rmSync(output, { recursive: true, force: true });
packed.forEach(packPlatform);
packMain(packed);
