'use strict';

// What an operator calls this process: the folder of its program, which is how OWT's modules are told apart.

const path = require('node:path');

/** Folders in which the programs of a module lie, named for that and not for it. */
const INNER = ['bin', '.bin', 'build', 'dist', 'lib', 'src'];
/** Scripts that are a module's first one, and say no more than its folder. */
const FIRST = ['app', 'index', 'main', 'server'];

/**
 * `portal` of /opt/owt/portal/index.js, `webrtc_agent.workingNode` of /opt/owt/webrtc_agent/workingNode.js.
 *
 * @param {string | undefined} script the path of the program's first file, or of its folder; undefined for `node -e`
 * @param {string} folder where it was started
 * @returns {string} never empty
 */
function nameOf(script, folder) {
  if (!script) return path.basename(folder) || 'node';
  const { dir, name } = path.parse(script);
  const parts = dir.split(/[\\/]+/).filter((part) => part !== '' && !INNER.includes(part) && !part.endsWith(':'));
  const home = parts[parts.length - 1];
  if (home === undefined || home === name || path.extname(script) === '') return name;
  return FIRST.includes(name) ? home : `${home}.${name}`;
}

/** @type {string | undefined} */
let own;

/** @returns {string} that of this process, or of this worker thread */
function moduleName() {
  // Where the program is started by its folder, argv has the folder.
  if (own === undefined) own = nameOf(require.main?.filename ?? process.argv[1], process.cwd());
  return own;
}

module.exports = { moduleName, nameOf };
