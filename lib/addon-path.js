'use strict';

// Where the native addon lies: what cargo names it, and what we load.

/** @type {Record<string, (name: string) => string>} */
const names = {
  linux: (name) => `lib${name}.so`,
  darwin: (name) => `lib${name}.dylib`,
  win32: (name) => `${name}.dll`,
};

/** @returns {string} the file that cargo makes, relative to target/release */
function built() {
  return (names[process.platform] ?? names.linux)('owt_grpc');
}

/** @returns {string} the file that is loaded, relative to the package */
function addon() {
  return `owt-grpc.${process.platform}-${process.arch}.node`;
}

module.exports = { built, addon };
