'use strict';

// Loads the addon when it is first needed: `require('owt-grpc')` costs nothing.

const path = require('node:path');
const { addon } = require('./addon-path');
const { messageOf } = require('./errors');

/** @type {any} */
let loaded;

/** @returns {{ Bridge: new (wake: () => void) => any, Credentials: new (isServer: boolean, material: object) => any }} */
function native() {
  if (loaded === undefined) loaded = load();
  return loaded;
}

function load() {
  const file = path.join(__dirname, '..', addon());
  try {
    return require(file);
  } catch (cause) {
    // What follows the first line is the list of our own files.
    const [why] = messageOf(cause).split('\n');
    throw new Error(
      `owt-grpc has no working native addon for ${process.platform}-${process.arch}: ${file}: ${why}. ` +
        'Build it with "npm run setup" in the package\'s folder; that needs Rust 1.88 or newer.',
      { cause }
    );
  }
}

module.exports = { native };
