'use strict';

// The code blocks of the documentation, and who runs each. A block of
// JavaScript is a program that runs as it stands. Any other way is said in a
// comment in the line before it, which readers of the page do not see:
//
//   <!-- test: silent -->     a program that prints nothing
//   <!-- test: output -->     what the program before it prints
//   <!-- test: picture -->    there is nothing to run
//   <!-- test: generated -->  scripts/api-reference.js has made it, a test holds it current
//   <!-- test: not here -->   no test can run it; docs/pages.test.js has the reason
//   <!-- test: cli/docs -->   __test__/cli/docs.test.js runs it, with what it needs
//
// docs/pages.test.js holds that every block has one of these, and runs programs.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { freePort } = require('../bus');
const { cleanEnvironment, run: runToItsEnd } = require('../cli');

const root = path.join(__dirname, '../../..');

/** README.md and every page of docs. */
const pages = () => ['README.md', ...fs.readdirSync(path.join(root, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];

const read = (page) => fs.readFileSync(path.join(root, page), 'utf8');

/** @typedef {{ page: string, line: number, language: string, how: string, text: string }} Block */

/**
 * @param {string} page its path from the root
 * @returns {Block[]} in the page's order; `how` is empty where nothing is said
 */
function blocksOf(page) {
  const whole = read(page);
  return [...whole.matchAll(/^(?:<!-- test: (.+) -->\n)?```(\w*)\n([^]*?)^```$/gm)].map((match) => {
    const [, said, language, text] = match;
    const line = whole.slice(0, match.index).split('\n').length;
    return { page, line, language, text, how: said ?? (language === 'js' ? 'program' : '') };
  });
}

/** The texts of a page's blocks that are run by one test, which has to take all of them. */
const blocksFor = (page, how) => blocksOf(page).filter((block) => block.how === how).map(({ text }) => text);

/**
 * What a program prints by its page: the block of output behind it, otherwise
 * the comments behind its `console.log`.
 *
 * @param {Block} block @param {Block | undefined} next
 */
function expectedOutput({ text }, next) {
  if (next?.how === 'output') return next.text;
  return [...text.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map(([, line]) => `${line}\n`).join('');
}

/** Makes it seem that `npm install owt-grpc` was run in a folder: the package is a link. */
function installInto(folder) {
  fs.mkdirSync(path.join(folder, 'node_modules/.bin'), { recursive: true });
  fs.symlinkSync(root, path.join(folder, 'node_modules/owt-grpc'), 'junction');
  if (process.platform !== 'win32') fs.symlinkSync(path.join(root, 'bin/owt-grpc.js'), path.join(folder, 'node_modules/.bin/owt-grpc'));
}

/** A folder of its own in which the package is installed. */
function project(t) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-docs-')));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  installInto(folder);
  return folder;
}

/**
 * A PATH with this Node.js, and with an `npx` that starts what is installed in
 * the current folder. npm's own takes a second to do the same; install/install.js
 * shows that it does.
 */
function pathWithNpx(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-npx-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.writeFileSync(path.join(folder, 'npx'), '#!/bin/sh\nname=$1; shift; exec "node_modules/.bin/$name" "$@"\n', { mode: 0o755 });
  return [folder, path.dirname(process.execPath), process.env.PATH].join(path.delimiter);
}

/** Runs a command to its end, on a bus of its own. @returns {Promise<{ code: number, stdout: string, stderr: string }>} */
async function run(t, file, args, { cwd, env = {}, input }) {
  const port = await freePort();
  return runToItsEnd(t, file, args, { cwd, env: cleanEnvironment({ OWT_GRPC_REGISTRY: `127.0.0.1:${port}`, ...env }), input });
}

module.exports = { blocksFor, blocksOf, expectedOutput, installInto, pages, pathWithNpx, project, read, root, run };
