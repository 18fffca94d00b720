'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** @returns {string} the version of owt-grpc */
function version() {
  return JSON.parse(fs.readFileSync(path.join(__dirname, '../../../package.json'), 'utf8')).version;
}

module.exports = { version };
