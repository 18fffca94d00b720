'use strict';

// Finds circles between the files and folders of src, and says which uses make
// them: what uses each other in a circle can only be understood, tested and
// changed together, whatever the files are called.
//
// The rule: in each folder, what lies in it, files and folders, must not use each
// other in a circle. A folder counts as one: a use of a file somewhere inside of it
// is a use of the folder. So circles between folders and circles between files are
// found by the same look, one for each folder.
//
// Two things are no circles. A folder's mod.rs holds what its other files are parts
// of, often a type whose methods are spread over them: they may use it, though it
// uses them. And tests may use what they need: modules that are compiled for tests
// only are not looked at.

const fs = require('node:fs');
const path = require('node:path');

const SRC = path.join(__dirname, '..', 'src');
/** So many uses are shown where one entry uses another. */
const SHOWN = 5;

/** All of it but comments and modules for tests, which stand last in a file. */
function code(file) {
  const text = fs.readFileSync(file, 'utf8').replace(/^\s*\/\/.*$/gm, '');
  return text.split(/^#\[cfg\(test\)\]\nmod \w+ \{$/m)[0];
}

/** The modules that a file declares, without those for tests. */
const declared = (file) =>
  [...code(file).matchAll(/(#\[cfg\(test\)\]\n)?^(?:pub(?:\(\w+\))? )?mod (\w+);/gm)]
    .filter(([, isForTests]) => !isForTests)
    .map(([, , name]) => name);

/** Files by their module's path, from this one downwards. */
function modulesFrom(file, module, found = new Map()) {
  found.set(module.join('::'), file);
  const folder = /^(mod|lib)\.rs$/.test(path.basename(file)) ? path.dirname(file) : file.slice(0, -'.rs'.length);
  for (const name of declared(file)) {
    const candidates = [path.join(folder, `${name}.rs`), path.join(folder, name, 'mod.rs')];
    modulesFrom(candidates.find((candidate) => fs.existsSync(candidate)), [...module, name], found);
  }
  return found;
}

/** The paths in a text like `a::{self, b::{C, D}}`, written out. */
function writtenOut(text) {
  const group = /^([\w:]*)\{(.*)\}$/s.exec(text.trim());
  if (!group) return [text.trim().split(/\s+as\s+/)[0]];
  const parts = [''];
  let depth = 0;
  for (const letter of group[2]) {
    if (letter === '{') depth++;
    if (letter === '}') depth--;
    if (letter === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += letter;
  }
  return parts.filter((part) => part.trim()).flatMap(writtenOut).map((part) => group[1] + part);
}

/** The files that a module uses by a path that begins with crate or super, or in a `use`. */
function usedBy(module, file, modules) {
  const text = code(file);
  const paths = [
    ...[...text.matchAll(/^\s*(?:pub(?:\(\w+\))? )?use ([^;]+);/gm)].flatMap(([, tree]) => writtenOut(tree)),
    ...[...text.matchAll(/\b(?:crate|super)(?:::\w+)+/g)].map(([found]) => found),
  ];
  const used = new Set();
  for (const each of paths) {
    let names = each.split('::');
    if (names[0] === 'crate') names = names.slice(1);
    else {
      let from = module;
      if (names[0] === 'self') names = names.slice(1);
      for (; names[0] === 'super'; names = names.slice(1)) from = from.slice(0, -1);
      names = [...from, ...names];
    }
    while (names.length > 0 && !modules.has(names.join('::'))) names = names.slice(0, -1);
    if (names.length > 0) used.add(modules.get(names.join('::')));
  }
  used.delete(file);
  return used;
}

/** For each folder: which of its entries uses which other, and by which files. */
function usesByFolder(modules) {
  const folders = new Map();
  for (const [module, file] of modules) {
    for (const used of usedBy(module === '' ? [] : module.split('::'), file, modules)) {
      const [from, to] = [file, used].map((each) => path.relative(SRC, each).split(path.sep));
      const level = from.findIndex((name, at) => name !== to[at]);
      if (to[level] === 'mod.rs') continue;
      const folder = from.slice(0, level).join('/');
      const uses = folders.get(folder) ?? folders.set(folder, new Map()).get(folder);
      const ofEntry = uses.get(from[level]) ?? uses.set(from[level], new Map()).get(from[level]);
      const files = ofEntry.get(to[level]) ?? ofEntry.set(to[level], []).get(to[level]);
      files.push(`${from.join('/')} uses ${to.join('/')}`);
    }
  }
  return folders;
}

/** The shortest way from an entry back to itself; undefined if there is none. */
function circle(uses, start) {
  const ways = [[start]];
  const seen = new Set();
  for (const way of ways) {
    for (const next of uses.get(way[way.length - 1])?.keys() ?? []) {
      if (next === start) return [...way, start];
      if (!seen.has(next)) ways.push([...way, next]);
      seen.add(next);
    }
  }
  return undefined;
}

/** Some of many, and how many more there are. */
function some(lines) {
  const more = lines.length - SHOWN;
  return more > 0 ? [...lines.slice(0, SHOWN), `and ${more} more`] : lines;
}

/** Each circle once, as text. */
function circles(folders) {
  const found = new Map();
  for (const [folder, uses] of folders) {
    for (const entry of uses.keys()) {
      const way = circle(uses, entry);
      if (!way) continue;
      const lines = way.slice(1).flatMap((to, at) => some(uses.get(way[at]).get(to)).map((use) => `  ${use}`));
      const key = `${folder}: ${[...way.slice(1)].sort().join()}`;
      if (!found.has(key)) found.set(key, [`circle in src/${folder}: ${way.join(' > ')}`, ...lines].join('\n'));
    }
  }
  return [...found.values()];
}

const found = circles(usesByFolder(modulesFrom(path.join(SRC, 'lib.rs'), [])));
for (const each of found) console.error(each);
console.log(`${found.length} circles between the files and folders of src`);
process.exitCode = found.length === 0 ? 0 : 1;
