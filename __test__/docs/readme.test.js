'use strict';

// What the README says of the package: its figures, its links, its command.
// pages.test.js runs its programs.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { busSentences, busTable, grpcTable, node14 } = require('../../bench/readme-table');
const { blocksFor, blocksOf, pages, pathWithNpx, project, read, root, run } = require('../support/docs/markdown');
const { installation, preload } = require('../support/cli/owt-tree');

const readme = read('README.md');
const results = (name) => JSON.parse(fs.readFileSync(path.join(root, 'bench/results', `${name}.json`), 'utf8'));
const skip = process.platform === 'win32' && 'needs a POSIX shell';

test('the figures of the README are those of the bench\'s last results', () => {
  const { summary, requestBytes } = results('results');
  const figures = [grpcTable(summary), busTable(results('bus').summary), ...busSentences(results('startup'), results('steady'))];
  for (const text of figures) assert.ok(readme.includes(text), `run \`node bench/readme-table.js\` and put into the README:\n${text}`);
  assert.ok(readme.includes(`\`SubscribeRequest\` of ${requestBytes} bytes`));
});

test('the figures of docs/platforms.md are those of the bench\'s last results', () => {
  const page = read('docs/platforms.md');
  for (const text of node14(results('node14'))) assert.ok(page.includes(text), `run \`node bench/readme-table.js\` and put into docs/platforms.md:\n${text}`);
});

test('the README\'s examples have at most 30 lines', () => {
  const programs = blocksOf('README.md').filter(({ how }) => how === 'program');
  assert.equal(programs.length, 4);
  for (const { line, text } of programs) assert.ok(text.trimEnd().split('\n').length <= 30, `README.md:${line}`);
});

test('the README\'s second command replaces OWT\'s files', { skip, timeout: 60_000 }, async (t) => {
  const [swap, ...others] = blocksFor('README.md', 'docs/readme');
  assert.deepEqual(others, [], 'a command that is not tested');
  const owt = installation(t);
  const env = { NODE_OPTIONS: preload.join('='), PATH: pathWithNpx(t) };
  const { code, stdout, stderr } = await run(t, 'sh', ['-ec', swap.replace(/\/opt\/owt/g, owt)], { cwd: project(t), env });
  assert.equal(code, 0, stdout + stderr);
  assert.match(fs.readFileSync(path.join(owt, 'portal/amqpClient.js'), 'utf8'), /require\('owt-grpc\/amqpClient'\)/);
});

test('what the README and the docs link to exists, and the commands are scripts of the package', () => {
  const { scripts } = require('../../package.json');
  for (const file of [...pages(), 'CONTRIBUTING.md']) {
    const text = read(file);
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)[^):]*\)/g)) {
      assert.ok(fs.existsSync(path.join(root, path.dirname(file), target)), `${file} links to ${target}`);
    }
    for (const [, name] of text.matchAll(/npm run (\w[\w:-]*)/g)) assert.ok(scripts[name], `${file}: npm run ${name}`);
    for (const [, target] of text.matchAll(/node (bench\/[\w.-]+)/g)) assert.ok(fs.existsSync(path.join(root, target)), target);
  }
});

test('links to a heading lead to one', () => {
  const anchors = (page) => [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, title]) => title.toLowerCase().replace(/[^\w\- ]/g, '').replace(/ /g, '-'));
  for (const file of pages()) {
    for (const [, target, anchor] of read(file).matchAll(/\]\(([^)#:]*)#([^)]+)\)/g)) {
      const page = target === '' ? file : path.join(path.dirname(file), target);
      assert.ok(anchors(page).includes(anchor), `${file} links to ${target}#${anchor}`);
    }
  }
});

test('the picture of the architecture names what there is, and brings its own background', () => {
  const picture = read('docs/architecture.svg');
  const rooms = new Set([...picture.matchAll(/\b(?:lib|src)\/[\w.]+/g)].map(([room]) => room));
  assert.ok(rooms.size > 8, [...rooms].join());
  for (const room of rooms) assert.ok(fs.existsSync(path.join(root, room)), room);
  assert.match(picture, /<rect width="100%" height="100%"[^>]* fill="#ffffff"\/>/);
});

test('what the README and its pages link to comes with the package', () => {
  const { files } = require('../../package.json');
  const isPacked = (file) => [...files, 'README.md', 'LICENSE'].some((name) => file === name || file.startsWith(`${name}/`));
  for (const page of pages()) {
    for (const [, target] of read(page).matchAll(/\]\(([^)#:]+)[^):]*\)/g)) {
      const file = path.posix.join(path.dirname(page), target);
      assert.ok(isPacked(file), `${page} links to ${file}, which is not in "files" of package.json`);
    }
  }
});
