'use strict';

// Whether OWT's own scripts start anything here: bin/daemon.sh compares the major
// version of Node.js with the one that the installation's package.json names.

const fs = require('node:fs');
const path = require('node:path');
const { nodeNote } = require('../swap/explain');

/**
 * @param {string} root
 * @param {import('./report').Report} report
 */
function checkEngine(root, report) {
  // Of a module alone, that of the installation around it counts.
  const folder = [root, path.dirname(root)].find((one) => engineOf(one) !== undefined);
  if (folder === undefined) return;
  const wanted = String(engineOf(folder));
  const [major] = process.versions.node.split('.');
  const setting = 'package.json engine.node';
  for (const note of nodeNote(folder)) report.error(setting, note.replace(/^package\.json /, ''), 'set it to the version that you use');
  if (wanted.split('.')[0] === major) report.ok(setting, `${wanted} is of the version that runs here`);
  else report.error(setting, `is ${wanted}, and this is Node.js ${process.versions.node}: bin/daemon.sh starts no module`, `start the modules, and this, with Node.js ${wanted.split('.')[0]}; or set engine.node to ${process.versions.node}`);
}

/**
 * @param {string} root
 * @returns {string | undefined}
 */
function engineOf(root) {
  try {
    const { engine } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
    return typeof engine?.node === 'string' ? engine.node : undefined;
  } catch {
    // Without such a file, or with another's, nobody looks at it.
    return undefined;
  }
}

module.exports = { checkEngine };
