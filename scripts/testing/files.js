'use strict';

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');

/**
 * The test files, sorted, as paths from the root of the project. File names are
 * given to the runner one by one: what a folder or a pattern means to
 * `node --test` differs between versions of Node.js.
 *
 * @param {string[]} parts only those whose path contains one of them; none means all
 */
function testFiles(parts) {
  return fs
    .readdirSync(path.join(root, '__test__'), { recursive: true })
    .map((name) => path.join('__test__', String(name)))
    .filter((name) => name.endsWith('.test.js'))
    .filter((name) => parts.length === 0 || parts.some((part) => name.includes(part)))
    .sort();
}

module.exports = { testFiles };
