'use strict';

// Runs every *.test.js below __test__ (or those whose path contains an
// argument) with Node's test runner. File names are given one by one: what a
// folder or a pattern means to `node --test` differs between Node versions.

const fs = require('node:fs');
const path = require('node:path');
const { run } = require('./testing/run');

const wanted = process.argv.slice(2);

const files = fs
  .readdirSync(path.join(__dirname, '..', '__test__'), { recursive: true })
  .map((name) => path.join('__test__', String(name)))
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort();

if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(', ')}`);
  process.exit(1);
}
process.exit(run(files));
