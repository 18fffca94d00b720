'use strict';

// docs/api.md: made from the types, and its examples run, all in one process, on
// what the page's first lines set up.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { reference, target } = require('../../scripts/api-reference');
const { blocksOf, blocksFor, expectedOutput, project, root, run } = require('../support/docs/markdown');

/** Of newer versions of Node.js, by how a program names it. */
const NEWER = {
  // eslint-disable-next-line n/no-unsupported-features/node-builtins -- looked for
  'AbortSignal.timeout(': global.AbortSignal?.timeout,
  // eslint-disable-next-line n/no-unsupported-features/node-builtins -- looked for
  'fetch(': global.fetch,
};
const usesWhatIsMissing = (text) => Object.entries(NEWER).some(([name, present]) => present === undefined && text.includes(name));

test('docs/api.md is what the types say, and every public function has a description and an example', () => {
  assert.ok(fs.readFileSync(target, 'utf8') === reference(), '`npm run docs` makes it anew');
});

test('docs/api.md has every function that the package exports', () => {
  const text = fs.readFileSync(target, 'utf8');
  const exported = [...Object.keys(require('../..')), ...Object.keys(require('../../lib/dropin/grpcTools'))];
  for (const name of exported) assert.ok(text.includes(`\n#### ${name}\n`), name);
  const { Bus } = require('../../lib/bus/bus');
  const client = require('../../lib/dropin/amqpClient')();
  const methods = (prototype) => Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
  for (const name of methods(Bus.prototype).filter((one) => !one.startsWith('assert'))) assert.ok(text.includes(`\n##### bus.${name}\n`), name);
  for (const name of methods(Object.getPrototypeOf(client)).filter((one) => one !== 'ready')) assert.ok(text.includes(`\n##### amqpClient.${name}\n`), name);
});

test('the examples of docs/api.md print what stands beside them', { timeout: 60_000 }, async (t) => {
  const [setting] = blocksFor('docs/api.md', 'docs/api');
  const blocks = blocksOf('docs/api.md').filter(({ how, text }) => how === 'docs/api' && !usesWhatIsMissing(text)).slice(1);
  const examples = blocks.map(({ text }, n) => `
    console.log('example ${n}');
    await (async () => {${text}})();
    setTracing(null);
    setLogger(null);`);
  const script = `${setting}
    start().then(async ({ server, port, client, bus }) => {
      ${examples.join('\n')}
      client.close();
      await bus.close();
      await server.stop();
    });`;
  const { code, stdout, stderr } = await run(t, process.execPath, ['--unhandled-rejections=strict', '-e', script], { cwd: project(t), env: { NODE_PATH: path.join(root, 'node_modules') } });
  const printed = new Map(stdout.split(/^example (?=\d+$)/m).slice(1).map((part) => [Number.parseInt(part, 10), part.slice(part.indexOf('\n') + 1)]));
  assert.equal(code, 0, `${stdout}${stderr}`);
  blocks.forEach((block, n) => assert.equal(printed.get(n), expectedOutput(block), `docs/api.md:${block.line}`));
});
