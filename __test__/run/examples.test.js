'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const folder = path.join(__dirname, '../../examples');

/** A line that each prints when it works. */
const PRINTS = {
  'hello.js': /^publication of p1\n/,
  'streams.js': /^first: notification 0\nread 50, made less than all: true\ntoken a: "room1"\n/,
  'cancel.js': /client: 4 DEADLINE_EXCEEDED[^]*server: "cancelled" is not wanted any more\nclient: 1 CANCELLED/,
  'grpctools.js': /v1 for conference[^]*onVideoLayoutChange room1 common/,
};

for (const name of fs.readdirSync(folder).filter((file) => file.endsWith('.js'))) {
  test(`examples/${name} runs, prints what it should and ends by itself`, { timeout: 20_000 }, async (t) => {
    const child = spawn(process.execPath, [path.join(folder, name)]);
    t.after(() => child.kill('SIGKILL'));
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    const [code] = await once(child, 'close');
    assert.equal(code, 0, output);
    assert.match(output, PRINTS[name]);
  });
}
