'use strict';

// Makes the tarballs that are published, in target/pack: owt-grpc, and one
// package for each platform of npm/ whose addon lies in the root folder. Here
// that is the one that was built; a release has collected all of them, and says
// --all so that none can be missing.
//
// npm looks in its registry for every dependency that a package.json names, and
// installs whatever has such a name there. So only packages that are published
// together name each other: with --publish the packed package.json has the
// platform packages as optional dependencies. The repository's own names none,
// and is private, so that it cannot be published as it is.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { addon, platformPackage } = require('../lib/crossing/platform');
const { checkSize } = require('./addon-size');
const { OLDEST, glibcOf, isNewer } = require('./packing/glibc');
const { INSTALL } = require('./zig');

const root = path.join(__dirname, '..');
const OUTPUT = path.join(root, 'target', 'pack');
const TERMS = ['LICENSE', 'THIRD-PARTY-LICENSES.txt'];
const read = (...file) => JSON.parse(fs.readFileSync(path.join(root, ...file), 'utf8'));

const main = read('package.json');
const platforms = fs.readdirSync(path.join(root, 'npm')).sort();

/** What all packages have in common. npm proves where a package comes from only if it says so. */
function common() {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
  const { version, license, engines } = main;
  return { version, license, engines, ...(repository ? { repository: { type: 'git', url: `git+${server}/${repository}.git` } } : {}) };
}

/**
 * The tarball of a package, from a folder with nothing but its files.
 *
 * @param {string} output @param {{ name: string, version: string }} description its package.json
 * @param {Record<string, string>} files where each is, by its name in the package
 * @returns {string}
 */
function pack(output, description, files) {
  const stage = path.join(output, description.name);
  fs.mkdirSync(stage, { recursive: true });
  for (const [name, file] of Object.entries(files)) fs.cpSync(file, path.join(stage, name), { recursive: true });
  fs.writeFileSync(path.join(stage, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);
  const args = ['pack', '--silent', '--pack-destination', output];
  execFileSync('npm', args, { cwd: stage, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' });
  return path.join(output, `${description.name}-${description.version}.tgz`);
}

const ofRoot = (names) => Object.fromEntries(names.map((name) => [name, path.join(root, name)]));

/**
 * @param {{ addons?: string, output?: string, forRegistry?: boolean }} [options] `addons`: the folder with them; `output`: one for the tarballs,
 *   which is emptied; `forRegistry`: they are published together
 * @returns {{ main: string, platforms: Map<string, string> }} the tarballs, those of platforms by their name in npm/
 */
function packAll({ addons = root, output = OUTPUT, forRegistry = false } = {}) {
  fs.rmSync(output, { recursive: true, force: true });
  const packed = new Map();
  for (const name of platforms) {
    const file = path.join(addons, addon(name));
    if (!fs.existsSync(file)) continue;
    checkSize(file);
    packed.set(name, pack(output, { ...read('npm', name, 'package.json'), ...common() }, { [addon(name)]: file, ...ofRoot(TERMS) }));
  }
  const { private: _private, scripts: _scripts, devDependencies: _devDependencies, ...kept } = main;
  const named = { optionalDependencies: Object.fromEntries([...packed.keys()].map((name) => [platformPackage(name), main.version])) };
  return { main: pack(output, { ...kept, ...common(), ...(forRegistry ? named : {}) }, ofRoot([...main.files, 'README.md', 'LICENSE'])), platforms: packed };
}

/** @param {string} name a platform with an addon in the root folder @returns {string | null} the oldest glibc that it loads with */
function glibcNeeded(name) {
  return name.startsWith('linux') ? glibcOf(fs.readFileSync(path.join(root, addon(name)))) : null;
}

/** What was packed, and for which systems. */
function report(packed) {
  const tell = (tarball, rest) => console.log(`${path.relative(root, tarball)}: ${(fs.statSync(tarball).size / 1e6).toFixed(2)} MB${rest}`);
  for (const [name, tarball] of packed.platforms) {
    const glibc = glibcNeeded(name);
    tell(tarball, glibc === null ? '' : `, for glibc ${glibc} and newer`);
    if (glibc === null || !isNewer(glibc, OLDEST)) continue;
    console.log(`  That is what this machine has, and older systems do not. For glibc ${OLDEST} and newer: ${INSTALL}, then npm run pack.`);
  }
  tell(packed.main, '');
}

module.exports = { glibcNeeded, packAll, platforms };

if (require.main === module) {
  const missing = platforms.filter((name) => !fs.existsSync(path.join(root, addon(name))));
  if (missing.length === platforms.length || (process.argv.includes('--all') && missing.length > 0)) {
    console.error(`no addon for ${missing.join(', ')}: ${missing.map((name) => addon(name)).join(', ')} should lie in ${root}`);
    process.exit(1);
  }
  report(packAll({ forRegistry: process.argv.includes('--publish') }));
}
