'use strict';

// A module's toml file, read from the current directory as OWT does.

const fs = require('node:fs');
const toml = require('toml');

/** @param {string} section the one that switches gRPC on */
function readConfig(name, section) {
  const config = toml.parse(fs.readFileSync(`${name}.toml`, 'utf8'));
  if (config[section]?.enable_grpc !== true) {
    throw new Error(`${name}.toml: [${section}] enable_grpc must be true for this demo`);
  }
  return config;
}

module.exports = { readConfig };
