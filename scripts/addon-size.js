'use strict';

// The bound of what an install of owt-grpc brings: the addon, stripped.

const fs = require('node:fs');
const path = require('node:path');

const LIMIT = 6_000_000;

/** @param {string} file an addon @throws if it is larger than it may be */
function checkSize(file) {
  const { size } = fs.statSync(file);
  const text = `${path.basename(file)}: ${(size / 1e6).toFixed(2)} MB of ${LIMIT / 1e6} MB`;
  if (size > LIMIT) throw new Error(`${text}, too large. \`strip\` of Cargo.toml's profile, or a new dependency, may be why.`);
  console.log(text);
}

module.exports = { LIMIT, checkSize };

if (require.main === module) checkSize(path.join(__dirname, '..', require('../lib/crossing/platform').addon()));
