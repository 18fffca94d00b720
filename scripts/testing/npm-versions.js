'use strict';

// Other versions of npm than the installed one.

const path = require('node:path');
const { fetched } = require('./fetched');

/** What comes with versions of Node.js that the installed npm does not run on. */
const OF_NODE = /** @type {Record<string, string>} */ ({ 14: '6.14.16', 16: '8.19.4' });

/**
 * npm of a version, fetched into target/npm if it is not there.
 *
 * @param {string} version such as 6.14.16
 * @returns {{ npm: string, npx: string, bin: string }} the scripts that node runs, and the folder of the commands
 */
function npmOf(version) {
  const npm = fetched(`npm@${version}`, path.join('npm', version), path.join('node_modules', 'npm', 'bin', 'npm-cli.js'));
  return { npm, npx: path.join(path.dirname(npm), 'npx-cli.js'), bin: path.join(npm, '..', '..', '..', '.bin') };
}

module.exports = { OF_NODE, npmOf };
