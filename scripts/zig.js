'use strict';

// cargo-zigbuild: links for a C library of any age, where the system's own linker
// links for the system's. It is looked for in target/zig, where
// `python3 -m pip install --target target/zig --requirement scripts/zig.txt` puts
// it without being root, and then on PATH.

const { spawnSync } = require('node:child_process');
const path = require('node:path');

const folder = path.join(__dirname, '..', 'target', 'zig');

const INSTALL = 'python3 -m pip install --target target/zig --requirement scripts/zig.txt';

/** @returns {NodeJS.ProcessEnv} in which cargo finds it, if it is there */
function zigEnvironment() {
  const { PATH, PYTHONPATH } = process.env;
  const joined = (first, rest) => (rest ? `${first}${path.delimiter}${rest}` : first);
  // Its Python package is how it finds zig itself.
  return { ...process.env, PATH: joined(path.join(folder, 'bin'), PATH), PYTHONPATH: joined(folder, PYTHONPATH) };
}

/** @returns {boolean} */
function hasZig() {
  return spawnSync('cargo-zigbuild', ['--version'], { env: zigEnvironment(), stdio: 'ignore' }).status === 0;
}

module.exports = { INSTALL, hasZig, zigEnvironment };
