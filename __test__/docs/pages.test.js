'use strict';

// The documentation is true: every block of code in README.md and docs is run
// by somebody, programs by this file (support/docs/markdown.js says how that is told).

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { blocksOf, expectedOutput, pages, project, read, root, run } = require('../support/docs/markdown');

/** What no test can run, and why. */
const NOT_HERE = {
  'npm test\n': 'it is what runs this',
  'python3 -m pip install --target target/zig --requirement scripts/zig.txt\n': 'hundreds of megabytes; .ci/run does it, and what was installed builds what it tests',
  [`tshark -i any -f 'tcp port 10080' -d tcp.port==10080,http2 -Y grpc -O grpc,protobuf \\
  -o 'uat:protobuf_search_paths:"/opt/owt/node_modules/owt-grpc/proto/owt","TRUE"'
`]: 'it captures what passes on the machine, which takes root; tried with tshark 4.0.17',
  [`python3 -m pip install grpcio grpcio-tools
protos=/opt/owt/node_modules/owt-grpc/proto/owt
for file in $protos/*.proto; do python3 -m grpc_tools.protoc -I $protos --python_out=. --grpc_python_out=. $file; done
`]: 'another language\'s packages; tried with grpcio 1.85.3 against a server of ours',
};

const blocks = pages().flatMap(blocksOf);
const place = ({ page, line }) => `${page}:${line}`;

test('every block of code in the documentation is run by a test', () => {
  for (const block of blocks) {
    if (['program', 'silent', 'output', 'picture', 'generated'].includes(block.how)) continue;
    if (block.how === 'not here') {
      assert.ok(NOT_HERE[block.text], `${place(block)}: give the reason in ${path.basename(__filename)}`);
      continue;
    }
    assert.notEqual(block.how, '', `${place(block)}: say how it is run, as __test__/support/markdown.js tells`);
    const file = ['.test.js', '.install.js'].map((end) => path.join(root, '__test__', block.how + end)).find(fs.existsSync);
    assert.ok(file, `${place(block)}: there is no __test__/${block.how}.test.js`);
    const code = fs.readFileSync(file, 'utf8');
    assert.ok(code.includes(`blocksFor('${block.page}', '${block.how}')`), `${place(block)}: ${block.how} does not take it`);
  }
  const shown = blocks.filter(({ how }) => how === 'not here').map(({ text }) => text);
  assert.deepEqual(Object.keys(NOT_HERE).filter((text) => !shown.includes(text)), [], 'reasons for what is no longer there');
});

test('what a block of output belongs to is a program, and a picture is no code', () => {
  blocks.forEach((block, n) => {
    if (block.how === 'output') assert.equal(blocks[n - 1].how, 'program', place(block));
    if (block.how === 'output' || block.how === 'picture') assert.equal(block.language, '', place(block));
    if (block.how === 'program') assert.equal(block.language, 'js', place(block));
  });
});

blocks.forEach((block, n) => {
  if (block.how !== 'program' && block.how !== 'silent') return;
  test(`${place(block)} runs as it stands and prints what the page says`, { timeout: 30_000 }, async (t) => {
    const expected = expectedOutput(block, blocks[n + 1]);
    assert.equal(expected === '', block.how === 'silent', 'say what it prints, or that it prints nothing');
    const { code, stdout, stderr } = await run(t, process.execPath, ['-e', block.text], { cwd: project(t) });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, expected);
  });
});

test('commands within the text are those that there are, with options that they have', () => {
  let seen = 0;
  for (const page of [...pages(), 'CONTRIBUTING.md']) {
    for (const [, name, rest] of read(page).matchAll(/`(?:npx )?owt-grpc ([a-z]+)([^`\n]*)`/g)) {
      assert.ok(fs.existsSync(path.join(root, 'lib/cli', `${name}.js`)), `${page}: owt-grpc ${name}`);
      const { help } = require(`../../lib/cli/${name}`);
      for (const [option] of rest.matchAll(/--[a-z-]+/g)) assert.ok(help.includes(option), `${page}: owt-grpc ${name} ${option}`);
      seen += 1;
    }
  }
  assert.ok(seen > 10, String(seen));
});
