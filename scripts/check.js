'use strict';

// Everything that can be judged without running the tests: format and lints of
// both languages, types, and that what is generated and committed is current.

const { spawnSync } = require('node:child_process');
const path = require('node:path');

const root = path.join(__dirname, '..');
const tool = (name) => path.join('node_modules', '.bin', name);

const checks = [
  ['cargo', 'fmt', '--check'],
  ['cargo', 'clippy', '--locked', '--quiet', '--all-targets', '--', '-D', 'warnings'],
  ['node', path.join('scripts', 'module-circles.js')],
  [tool('eslint'), '--max-warnings', '0', '.'],
  [tool('tsc'), '--project', 'tsconfig.json'],
  // Which room of lib/ may know which: .dependency-cruiser.js has the order.
  [tool('depcruise'), '--config', '.dependency-cruiser.js', 'index.js', 'bin', 'lib'],
  ['node', path.join('scripts', 'addon-size.js')],
  ['node', path.join('scripts', 'api-reference.js')],
  ['node', path.join('scripts', 'third-party-licenses.js')],
  // It and the build have just written them: a difference means it was not committed.
  ['git', 'diff', '--exit-code', '--stat', '--', 'owt.d.ts', 'grpc.d.ts', path.join('docs', 'api.md'), 'THIRD-PARTY-LICENSES.txt'],
];

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
