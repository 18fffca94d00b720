'use strict';

const { createRequire } = require('node:module');
const path = require('node:path');

/**
 * Whether a module finds owt-grpc already, as in an installation in whose root it
 * was installed.
 *
 * @param {string} folder of the module
 */
function resolves(folder) {
  try {
    return createRequire(path.join(folder, 'any.js')).resolve('owt-grpc') !== '';
  } catch {
    return false;
  }
}

module.exports = { resolves };
