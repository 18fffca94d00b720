'use strict';

// The edits of toml and package.json, and the diff, against programs that read them.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const fc = require('fast-check');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const toml = require('toml');
const { unifiedDiff } = require('../../lib/cli/swap/diff');
const { OwnLinesError, withoutOwnLines } = require('../../lib/cli/swap/own-lines');
const { addDependency, removeDependency } = require('../../lib/cli/swap/package-json');
const { TomlError, setValue } = require('../../lib/cli/owt/edit-toml');
const { tempFolder } = require('../support/cli/owt-tree');
const { rounds } = require('../support/rounds');

const plain = (value) => JSON.parse(JSON.stringify(value));
const linesOf = (text) => text.split(/\r?\n/);

/** Lines that are in toml files: values of every kind, and comments that look like them. */
const line = fc.constantFrom(
  '', '', '  ', '# a comment', '#enable_grpc = true', '#grpc_host = "x:1"', '# [agent]', 'port = 8080 # [cluster]', '  name = "a # b"  # c',
  "path = 'C:\\'", 'text = "quote \\" # [agent]"', 'list = [] # none', 'nested = [[1, 2], [3]]', 'list2 = [\n  "[agent]", # enable_grpc = false\n  "enable_grpc = false",\n]',
  'long = """\n[agent]\nenable_grpc = false\n"""', "raw = '''\n[cluster]\ngrpc_host = 'y'\n'''", 'when = 1979-05-27T07:32:00Z', 'ok = false', 'inline = [{ name = "eth1" }]',
);
const setting = fc.constantFrom('enable_grpc = false', 'enable_grpc=true# on', '"enable_grpc"  =  false', 'grpc_host = "a:1" # where', "grpc_host = 'a:1'", '\tgrpc_host="b:2"');
const header = (name) => fc.constantFrom(`[${name}]`, `  [ ${name} ] # section`, `["${name.replace('.', '"."')}"]`);

/** A file with some of the sections, each key at most once. */
const file = fc.tuple(
  fc.shuffledSubarray(['agent', 'cluster', 'rabbit', 'cluster.worker']).chain((names) => fc.tuple(...names.map((name) => fc.tuple(
    header(name), fc.uniqueArray(line, { selector: (text) => /^\s*(\w+)\s*=/.exec(text)?.[1] ?? Symbol('none') }), fc.option(setting), fc.array(fc.constantFrom('', '# end')),
  )))),
  fc.boolean(), fc.boolean(),
).map(([sections, windows, cut]) => {
  const text = sections.map(([head, lines, own, tail]) => [head, ...lines, ...(own === null ? [] : [own]), ...tail, ''].join('\n')).join('');
  const ended = cut ? text.replace(/\n+$/, '') : text;
  return windows ? ended.replace(/\n/g, '\r\n') : ended;
});

test('a toml file that was edited says what it said before, and the new value', () => {
  fc.assert(fc.property(file, fc.constantFrom(['agent', 'enable_grpc', 'true'], ['cluster', 'grpc_host', '"manager:10080"'], ['cluster.worker', 'ip', '"a.example"']), (text, [section, key, value]) => {
    const expected = plain(toml.parse(text));
    const after = setValue(text, section, key, value);
    section.split('.').reduce((table, part) => (table[part] = table[part] ?? {}), expected)[key] = JSON.parse(value);
    assert.deepEqual(plain(toml.parse(after)), expected);
    assert.equal(setValue(after, section, key, value), after, 'a second time changes nothing');
    // At one place, at most one line is another one, and at most a section is new.
    const [old, now] = [linesOf(text), linesOf(after)];
    let head = 0;
    while (head < old.length && old[head] === now[head]) head++;
    let tail = 0;
    while (tail < old.length - head && tail < now.length - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
    assert.ok(old.length - head - tail <= 1 && now.length - old.length <= 4, after);
    if (text.includes('\r\n')) assert.ok(!/[^\r]\n/.test(after), 'line ends stay those of the file');
  }), { numRuns: rounds(500) });
});

test('a value goes after the comment that shows it, else to the end of its section', () => {
  assert.equal(setValue('[a]\n# on?\n#k = true\n\n[b]\n', 'a', 'k', 'true'), '[a]\n# on?\n#k = true\nk = true\n\n[b]\n');
  assert.equal(setValue('[a]\n  x = 1 # one\n\n# of b\n[b]\n', 'a', 'k', 'true'), '[a]\n  x = 1 # one\n  k = true\n\n# of b\n[b]\n');
  assert.equal(setValue('[a]\nx = 1', 'a', 'k', 'true'), '[a]\nx = 1\nk = true');
  assert.equal(setValue('[a]\nk = false # off', 'a', 'k', 'true'), '[a]\nk = true # off');
  assert.equal(setValue('[a]', 'b', 'k', 'true'), '[a]\n\n[b]\nk = true\n');
  assert.equal(setValue('', 'b', 'k', 'true'), '[b]\nk = true\n');
});

test('forms that a line more would contradict are refused', () => {
  for (const text of ['[cluster]\nworker = { ip = "x" }', '[cluster]\nworker.ip = "x"', 'cluster = {}', '[[cluster]]']) {
    assert.throws(() => setValue(text, 'cluster.worker', 'ip', '"y"'), TomlError, text);
  }
  for (const text of ['cluster = { name = "x" }', 'cluster.name = "x"', '[[cluster]]\nname = "x"', '[cluster]\nk = [\n1,\n]', 'x = """\nopen']) {
    assert.throws(() => setValue(text, 'cluster', 'k', 'true'), TomlError, text);
  }
});

const json = fc.dictionary(fc.constantFrom('name', 'version', 'scripts', 'x"y', '{', 'dependencies2', 'files'), fc.jsonValue());
const dependencies = fc.dictionary(fc.constantFrom('amqplib', '@grpc/grpc-js', 'a{b', 'q"'), fc.string());
const packages = fc.tuple(json, fc.option(dependencies), fc.boolean(), fc.constantFrom(0, 2, 4, '\t'), fc.constantFrom('\n', '\r\n'), fc.constantFrom('', '\n'))
  .map(([rest, deps, isFirst, indent, end, last]) => {
    const value = deps === null ? rest : isFirst ? { dependencies: deps, ...rest } : { ...rest, dependencies: deps };
    return JSON.stringify(value, null, indent).replace(/\n/g, end) + last;
  });

test('a package.json gets the dependency, and the rest of its text stays', () => {
  fc.assert(fc.property(packages, (text) => {
    const after = addDependency(text, 'owt-grpc', '^1.0.0');
    const value = JSON.parse(text);
    assert.deepEqual(JSON.parse(after), { ...value, dependencies: { ...value.dependencies, 'owt-grpc': '^1.0.0' } });
    assert.equal(addDependency(after, 'owt-grpc', '^2.0.0'), after);
    // Nothing is taken away but the inside of an empty object.
    let at = 0;
    for (const character of text.replace(/\s/g, '')) at = after.indexOf(character, at) + 1;
    assert.ok(at > 0 || text === '');
    const keys = Object.keys(value.dependencies ?? {});
    if (keys.length > 0) assert.equal(after.replace(/"owt-grpc": "\^1\.0\.0",(\r?\n\s*)?/, ''), text.includes('\n') ? text : after.replace('"owt-grpc": "^1.0.0",', ''));
  }), { numRuns: rounds(500) });
});

test('a dependency that was added is taken out again, and the rest of the text stays, also after npm has written the file anew', () => {
  fc.assert(fc.property(packages, fc.boolean(), (text, isRewritten) => {
    const value = JSON.parse(text);
    const after = addDependency(text, 'owt-grpc', '^1.0.0');
    const present = isRewritten ? `${JSON.stringify({ ...JSON.parse(after), license: 'MIT' }, null, 2)}\n` : after;
    const result = removeDependency(present, 'owt-grpc', '^1.0.0', value.dependencies !== undefined);
    assert.deepEqual(JSON.parse(result), isRewritten ? { ...value, license: 'MIT' } : value);
    if (Object.keys(value.dependencies ?? {}).length > 0 && !isRewritten) assert.equal(result, text);
    assert.equal(removeDependency(present, 'owt-grpc', '^2.0.0', true), null, 'what somebody else asks for stays');
  }), { numRuns: rounds(500) });
});

test('what was put into a toml file is taken out again, and lines that were edited or added since stay', () => {
  const edit = fc.tuple(fc.constantFrom('add', 'change', 'remove'), fc.nat(), line);
  fc.assert(fc.property(file, fc.array(edit, { maxLength: 4 }), (original, edits) => {
    const after = setValue(setValue(original, 'agent', 'enable_grpc', 'true'), 'cluster', 'grpc_host', '"m:1"');
    const lines = after.match(/[^\n]*\n|[^\n]+$/g) ?? [];
    for (const [kind, at, text] of edits) lines.splice(at % (lines.length + 1), kind === 'add' ? 0 : 1, ...(kind === 'remove' ? [] : [`${text}\n`]));
    const present = lines.join('');
    let before;
    let now;
    try {
      now = plain(toml.parse(present));
      before = plain(toml.parse(original));
    } catch {
      return;
    }
    let result;
    try {
      result = withoutOwnLines('agent.toml', { original, after, present });
    } catch (error) {
      assert.ok(error instanceof OwnLinesError);
      return;
    }
    if (edits.length === 0) return assert.deepEqual({ ...result, text: result.text.trimEnd() }, { text: original.trimEnd(), left: [] });
    // But for the two settings, it says what it said; and those are as before, or still there and named.
    const read = plain(toml.parse(result.text));
    const values = (tree) => Object.fromEntries(Object.entries(tree).flatMap(([section, table]) => (typeof table === 'object' && !Array.isArray(table) ? Object.entries(table).map(([key, one]) => [`${section}.${key}`, one]) : [[section, table]])));
    const [was, is, left] = [before, now, read].map(values);
    for (const key of new Set([...Object.keys(is), ...Object.keys(left)])) {
      if (!['agent.enable_grpc', 'cluster.grpc_host'].includes(key)) assert.deepEqual(left[key], is[key], key);
      else assert.ok([was[key], is[key]].map((one) => JSON.stringify(one)).includes(JSON.stringify(left[key])), key);
    }
  }), { numRuns: rounds(1000) });
});

test('a line that an edit has drawn into a text of several lines is named, and stays', () => {
  const original = "[agent]\nraw = '''\na\n'''\n\n[other]\nraw = '''\nb\n'''\n";
  const after = setValue(original, 'agent', 'enable_grpc', 'true');
  // The end of the first text and the begin of the second are gone.
  const present = after.replace("a\n'''", 'a').replace("raw = '''\nb", 'b');
  assert.match(toml.parse(present).agent.raw, /enable_grpc = true/);
  assert.deepEqual(withoutOwnLines('agent.toml', { original, after, present }), { text: present, left: ['`enable_grpc = true`'] });
});

test('a diff makes one text of the other, as git applies it', (t) => {
  const folder = tempFolder(t);
  const text = fc.array(fc.constantFrom('a\n', 'b\n', 'c\n', '\n', 'd\r\n')).chain((lines) => fc.constantFrom('', 'end').map((last) => lines.join('') + last));
  fc.assert(fc.property(text, text, (before, after) => {
    const diff = unifiedDiff('file', before, after);
    if (before === after) return assert.equal(diff, '');
    fs.writeFileSync(path.join(folder, 'file'), before);
    const { status, stderr } = spawnSync('git', ['apply', '-p1', '--whitespace=nowarn', '-'], { cwd: folder, input: diff, encoding: 'utf8' });
    assert.equal(status, 0, stderr + diff);
    assert.equal(fs.readFileSync(path.join(folder, 'file'), 'utf8'), after, diff);
  }), { numRuns: 60, examples: [['', 'a\n'], ['a\n', '']] });
});
