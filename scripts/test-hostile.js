'use strict';

// Peers that keep to no rule, and what they can make a process hold. One attack after
// the other, since memory is measured.

const { readdirSync } = require('node:fs');
const path = require('node:path');
const { run } = require('./testing/run');

const folder = path.join('__test__', 'hostile');
const SUFFIX = '.hostile.js';

// The others are what the attacks have in common, and who is attacked.
const files = readdirSync(path.join(__dirname, '..', folder)).filter((name) => name.endsWith(SUFFIX));
const wanted = process.argv.slice(2);
const chosen = files.filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
if (chosen.length === 0) {
  console.error(`no attack is called ${wanted.join(' or ')}: there are ${files.map((name) => path.basename(name, SUFFIX)).join(', ')}`);
  process.exit(2);
}
process.exit(run(chosen.map((name) => path.join(folder, name)), { atOnce: 1 }));
