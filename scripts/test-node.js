'use strict';

// Runs the test suite on other Node.js versions than the one that is installed:
// `npm run test:node -- 14.19.0 26`, or all that are supported. An npm package
// carries each version's binary; it is kept in target/node. The installed one
// runs the runner, and the packages that tests use.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { testFiles } = require('./testing/files');
const { needs } = require('./testing/needs');
const { TOO_OLD, nodeOf } = require('./testing/node-versions');
const { OF_NODE, npmOf } = require('./testing/npm-versions');
const { atOnce, run } = require('./testing/run');
const { runOld } = require('./testing/run-old');

const SUPPORTED = ['14.18.0', '14.19.0', '16.20.2', '18', '20', '22', '24', '26'];

/**
 * Whether the suite passes on a version.
 *
 * @param {string} version
 */
async function passes(version) {
  const node = nodeOf(version);
  const exact = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  console.log(`\nNode.js ${exact}`);
  const files = testFiles(parts).filter((file) => {
    const why = needs(file, exact);
    if (why !== null) console.log(`﹣ ${file}: left out, ${why}`);
    return why === null;
  });
  const [, major] = /^v(\d+)/.exec(exact) ?? [];
  // What tests start by the names `node` and `npm` is of that version, too.
  const first = [path.dirname(node), ...(OF_NODE[major] ? [npmOf(OF_NODE[major]).bin] : [])];
  const env = { ...process.env, PATH: [...first, process.env.PATH].join(path.delimiter) };
  const started = Date.now();
  const isOld = Number(major) < 18;
  const code = isOld ? await runOld(files, { node, atOnce, env }) : run(files, { node, env });
  console.log(`Node.js ${version}: ${code === 0 ? 'passed' : 'FAILED'} after ${Math.round((Date.now() - started) / 1000)} s`);
  return code === 0;
}

const isVersion = (text) => /^\d+(\.\d+){0,2}$/.test(text);
const versions = process.argv.slice(2).filter(isVersion);
const parts = process.argv.slice(2).filter((text) => !isVersion(text));

async function main() {
  // A test starts the command by each.
  for (const version of TOO_OLD) nodeOf(version);
  const failed = [];
  for (const version of versions.length > 0 ? versions : SUPPORTED) {
    if (!(await passes(version))) failed.push(version);
  }
  if (failed.length > 0) console.error(`\nfailed on Node.js ${failed.join(', ')}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

main();
