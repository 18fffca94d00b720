'use strict';

// Which versions of Node.js this package runs on. What is required or started
// first asks here, and is read by older ones too: in syntax of Node.js 10, and
// without what comes from `node:`, which they do not know.

/**
 * @param {string} version as in process.versions.node
 * @returns {string} empty, or why it does not run there and what to do
 */
function unsupported(version) {
  const [major, minor] = version.split('.').map(Number);
  if (major >= 16 || (major === 14 && minor >= 18)) return '';
  return `owt-grpc needs Node.js 14.18 or a later 14, or 16 or newer; this is Node.js ${version} (${process.execPath}): install one of those, and start this with it`;
}

/** Throws on a Node.js that is too old, before anything is read that it cannot parse. */
function demandNode() {
  const why = unsupported(process.versions.node);
  if (why !== '') throw new Error(why);
}

module.exports = { demandNode, unsupported };
