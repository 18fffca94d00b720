'use strict';

// Reads in Rust's own text what has to be the same in JavaScript: constants,
// and what the bridge shows to napi. As much of a parser as that takes.

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '../../..');

/** All files below a folder of the package, by their paths. */
function filesBelow(folder) {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(name) : name.endsWith('.rs') ? [name] : [];
  });
}

const without = { comments: (text) => text.replace(/^\s*\/\/.*$/gm, ''), tests: (text) => text.replace(/#\[cfg\(test\)\]\s*(?:mod \w+ \{[^]*|pub const [^\n]*)/, '') };

/** What is between the braces behind `head`, wherever in src/ that stands. */
function blocks(head) {
  return filesBelow('src').flatMap((file) => {
    const text = without.comments(fs.readFileSync(path.join(root, file), 'utf8'));
    const at = text.indexOf(`${head} {`);
    return at === -1 ? [] : [inside(text, at + head.length + 1)];
  });
}

/** What there is one of. */
function only(found, what) {
  if (found.length !== 1) throw new Error(`${what} stands ${found.length} times in src/`);
  return found[0];
}

/** From an opening brace to the one that closes it. */
function inside(text, open) {
  let depth = 0;
  for (let at = open; ; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return text.slice(open + 1, at);
    if (at === text.length) throw new Error('a brace is not closed');
  }
}

const numberOf = (text) => (text === 'u32::MAX' ? 0xffffffff : Number(text.replace(/_/g, '')));

/** The constants of a module. @returns {Record<string, number>} */
function constants(module) {
  const text = only(blocks(`mod ${module}`), `mod ${module}`).replace(/#\[cfg\(test\)\]\s*pub const [^\n]*/g, '');
  return Object.fromEntries([...text.matchAll(/pub const (\w+): \w+ = ([^;]+);/g)].map(([, name, value]) => [name, numberOf(value)]));
}

/** What a global pattern has in its brackets, wherever it is met in src/. */
function matches(pattern) {
  return filesBelow('src').flatMap((file) => [...fs.readFileSync(path.join(root, file), 'utf8').matchAll(pattern)].map(([, ...groups]) => groups));
}

/** A constant by its name, which stands once in src/ with this type. */
function constant(name, type) {
  const [value] = only(matches(new RegExp(`const ${name}: ${type} = ([^;]+);`, 'g')), `const ${name}: ${type}`);
  return numberOf(value);
}

/** The variants of the enum of this name that have numbers. @returns {Record<string, number>} */
function variants(name) {
  const numbered = blocks(`enum ${name}`).map((text) => [...text.matchAll(/(\w+) = (\d+),/g)]).filter((found) => found.length > 0);
  return Object.fromEntries(only(numbered, `enum ${name} with numbers`).map(([, variant, value]) => [variant, Number(value)]));
}

/** The variants of the one enum of this name, in their order; those for tests are left out. */
function variantNames(name) {
  const text = only(blocks(`enum ${name}`), `enum ${name}`).replace(/#\[cfg\(test\)\]\s*\w+,/g, '');
  return [...text.matchAll(/^ {4}(\w+)(?=,$|\(| \{$)/gm)].map(([, variant]) => variant);
}

/** The public functions of a file, in their order. */
const functionNames = (file) => [...without.tests(fs.readFileSync(path.join(root, file), 'utf8')).matchAll(/^ *pub fn (\w+)/gm)].map(([, name]) => name);

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

/** What src/bridge shows: classes with their methods, functions, and objects with their fields, each in its file's order. */
function bridge() {
  const shown = { classes: {}, functions: {}, objects: {} };
  for (const file of filesBelow('src/bridge').sort()) {
    const text = without.tests(without.comments(fs.readFileSync(path.join(root, file), 'utf8')));
    for (const [head, name] of text.matchAll(/#\[napi\(object[^\]]*\)\]\s*pub struct (\w+) /g)) {
      const at = text.indexOf(head) + head.length;
      shown.objects[name] = [...inside(text, at).matchAll(/pub (\w+): ([^\n]+),/g)].map(([, field, type]) => ({ name: camel(field), isOptional: type.startsWith('Option<') }));
    }
    for (const [head, name] of text.matchAll(/#\[napi\]\s*impl (\w+) /g)) {
      shown.classes[name] = functionsIn(inside(text, text.indexOf(head) + head.length));
    }
    Object.assign(shown.functions, functionsIn(text.replace(/#\[napi\]\s*impl \w+ \{[^]*?\n\}/g, '')));
  }
  return shown;
}

/** Functions that JS sees: how many arguments they take from it. @returns {Record<string, number>} */
function functionsIn(text) {
  const found = text.matchAll(/#\[napi(?:\((constructor)\))?\](?:\s*#\[[^\n]*)*\s*pub fn (\w+)(?:<[^>]*>)?\(([^]*?)\)\s*(?:->|\{)/g);
  return Object.fromEntries([...found].map(([, constructor, name, args]) => [constructor ?? camel(name), countOf(args)]));
}

/** Neither `self` nor what napi puts in itself. */
function countOf(args) {
  const types = args.replace(/<[^<>]*>/g, '').replace(/<[^<>]*>/g, '').split(',').map((one) => one.trim());
  return types.filter((one) => one !== '' && one !== '&self' && !/: &?(?:'\w+ )?Env$/.test(one)).length;
}

module.exports = { bridge, camel, constant, constants, functionNames, matches, root, variantNames, variants };
