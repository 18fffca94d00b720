'use strict';

// Everything that can be judged without running the tests: format and lints of
// both languages, types, and that what is generated and committed is current.
// `npm run check -- js` leaves out what is about Rust, `-- rust` the rest.

const { spawnSync } = require('node:child_process');
const path = require('node:path');

const root = path.join(__dirname, '..');
const tool = (name) => path.join('node_modules', '.bin', name);

const RUST = [
  ['cargo', 'fmt', '--check'],
  ['cargo', 'clippy', '--locked', '--quiet', '--all-targets', '--', '-D', 'warnings'],
  ['node', path.join('scripts', 'module-circles.js')],
  ['node', path.join('scripts', 'addon-size.js')],
  ['node', path.join('scripts', 'third-party-licenses.js')],
  // It has just written it: a difference means it was not committed.
  ['git', 'diff', '--exit-code', '--stat', '--', 'THIRD-PARTY-LICENSES.txt'],
];

const JS = [
  [tool('eslint'), '--max-warnings', '0', '.'],
  [tool('tsc'), '--project', 'tsconfig.json'],
  // Which room of lib/ may know which: .dependency-cruiser.js has the order.
  [tool('depcruise'), '--config', '.dependency-cruiser.js', 'index.js', 'bin', 'lib'],
  ['node', path.join('scripts', 'api-reference.js')],
  // It and the build have just written them: a difference means it was not committed.
  ['git', 'diff', '--exit-code', '--stat', '--', 'owt.d.ts', 'grpc.d.ts', path.join('docs', 'api.md'), path.join('docs', 'operations.md')],
];

const PARTS = { js: JS, rust: RUST };

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.keys(PARTS).includes(name));
if (unknown !== undefined) {
  console.error(`npm run check -- ${unknown}: there is no such part; there are ${Object.keys(PARTS).join(' and ')}, and without a part it checks both`);
  process.exit(2);
}
const checks = Object.keys(PARTS).filter((name) => asked.length === 0 || asked.includes(name)).flatMap((name) => PARTS[name]);

const failed = checks.filter(([command, ...args]) => {
  console.log(`> ${command} ${args.join(' ')}`);
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  return result.status !== 0;
});

for (const check of failed) console.error(`failed: ${check.join(' ')}`);
process.exit(failed.length === 0 ? 0 : 1);
