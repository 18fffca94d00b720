'use strict';

// Writes THIRD-PARTY-LICENSES.txt, which every package ships: what of others is
// in the addon and the package, and on which terms. Crates are those that cargo
// links into the addon on any platform of npm/, their texts those that they come
// with; scripts/licences has what no crate says. `npm run check` fails when the
// file is not current.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { TRIPLES } = require('./build-target');

const root = path.join(__dirname, '..');
const output = path.join(root, 'THIRD-PARTY-LICENSES.txt');
const written = (name) => fs.readFileSync(path.join(__dirname, 'licences', name), 'utf8').trimEnd();

/** Crates that come without a text, and where it is. */
const WITHOUT_TEXT = { napi: 'napi.txt', 'napi-sys': 'napi.txt' };

/** Names of files with terms or with who holds the rights. */
const TERMS = /^(licen[sc]e|copying|copyright|notice|unlicense)/i;
/** The other terms of a crate that can be had under the MIT license. */
const OTHER_TERMS = /^(licen[sc]e-(apache|zlib|0bsd|isc)|unlicense|copying)/i;

/** @returns {any} what cargo knows of the crates for all platforms */
function metadata() {
  const platforms = Object.values(TRIPLES).flatMap((triple) => ['--filter-platform', triple]);
  return JSON.parse(execFileSync('cargo', ['metadata', '--format-version', '1', '--locked', ...platforms], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 }));
}

/** The crates whose code is in the addon: not those of the build, of tests, or that only write code. */
function linked({ packages, resolve }) {
  const byId = new Map(packages.map((crate) => [crate.id, crate]));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const found = new Set();
  const add = (id) => {
    const crate = byId.get(id);
    if (found.has(crate) || crate.targets.some(({ kind }) => kind.includes('proc-macro'))) return;
    found.add(crate);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) if (kinds.some(({ kind }) => kind === null)) add(pkg);
  };
  add(resolve.root);
  found.delete(byId.get(resolve.root));
  return [...found].sort((a, b) => (a.name === b.name ? (a.version < b.version ? -1 : 1) : a.name < b.name ? -1 : 1));
}

/** The files below a folder, with their names. */
function* filesBelow(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(file);
    else yield { name: entry.name, file };
  }
}

/** @returns {string[]} the texts that go with a crate */
function textsOf(crate) {
  if (WITHOUT_TEXT[crate.name]) return [written(WITHOUT_TEXT[crate.name])];
  const files = [...filesBelow(path.dirname(crate.manifest_path))].filter(({ name }) => TERMS.test(name) && !name.endsWith('.rs'));
  const choice = / OR |\//.test(crate.license) && /\bMIT\b/.test(crate.license) && files.some(({ name }) => /^licen[sc]e-mit/i.test(name));
  const kept = files.filter(({ name }) => !choice || !OTHER_TERMS.test(name)).sort((a, b) => (a.file < b.file ? -1 : 1));
  if (kept.length === 0) throw new Error(`the crate ${crate.name} ${crate.version} (${crate.license}) comes without a text of its license: scripts/licences needs one`);
  return kept.map(({ file }) => fs.readFileSync(file, 'utf8').replace(/[^\S\n]+$/gm, '').replace(/^\n+|\s+$/g, ''));
}

/** Each text once, with the crates that it goes with. */
function grouped(crates) {
  const groups = new Map();
  for (const crate of crates) {
    for (const text of textsOf(crate)) {
      const words = text.replace(/\s+/g, ' ');
      if (!groups.has(words)) groups.set(words, { text, names: new Set() });
      groups.get(words).names.add(`${crate.name} ${crate.version}`);
    }
  }
  return [...groups.values()];
}

/** @returns {string} the whole file */
function notices() {
  const crates = linked(metadata());
  const list = crates.map(({ name, version, license, repository }) => `${name} ${version}: ${license}${repository ? `, ${repository}` : ''}`);
  const texts = grouped(crates).map(({ text, names }) => `${'='.repeat(80)}\n${[...names].join('\n')}\n${'-'.repeat(80)}\n\n${text}\n`);
  const heading = (text) => `${text}\n${'-'.repeat(text.length)}\n`;
  return [
    'What of others is in owt-grpc and its addons, and on which terms.\n',
    `${written('beside-crates.txt')}\n`,
    heading('Part 2. Crates in the addon'),
    'Not each is in the addon of every platform. Where a crate can be had under several licenses and MIT is one of them, it is taken under that.\n',
    `${list.join('\n')}\n`,
    heading('Part 3. The texts that come with these crates'),
    ...texts,
  ].join('\n');
}

module.exports = { linked, notices, output };

if (require.main === module) fs.writeFileSync(output, notices());
