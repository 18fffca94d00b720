'use strict';

// Runs every *.test.js below __test__ (or those whose path contains an
// argument) with Node's test runner. --slowest names the files that took longest.

const { testFiles } = require('./testing/files');
const { run } = require('./testing/run');

const SLOWEST = '--slowest';
const args = process.argv.slice(2);
const parts = args.filter((arg) => arg !== SLOWEST);
const files = testFiles(parts);
if (files.length === 0) {
  console.error(`no test file matches ${parts.join(', ')}`);
  process.exit(1);
}
process.exit(run(files, { slowest: args.includes(SLOWEST) }));
