'use strict';

// Preloaded into tests on Node.js before 18: `node:test` is the npm package
// `test` there, which is the runner of Node.js 18 as a package. Nothing else is
// added, so that what a version lacks is missing in its tests, too.

const Module = require('node:module');

/** @type {any} */
const loader = Module;
const load = loader._load;
const port = require.resolve('test');

loader._load = function (request, ...rest) {
  return load.call(this, request === 'node:test' ? port : request, ...rest);
};
