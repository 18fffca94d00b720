'use strict';

// Preloaded into tests on Node.js before 18: `node:test` is the npm package
// `test` there, which is the runner of Node.js 18 as a package. Nothing of Node is
// added, so that what a version lacks is missing in its tests, too.
//
// The package knows `before` and `after` inside of a suite only. Here a file's
// own are run: before its first test, and behind its last one.

const Module = require('node:module');
const port = require('test');

/** @type {(() => unknown)[]} */
const first = [];
/** @type {(() => unknown)[]} */
const last = [];
let depth = 0;
let open = 0;
/** @type {Promise<void> | null} */
let begun = null;

const all = async (hooks) => {
  for (const hook of hooks) await hook();
};

/** A hook of a suite is the package's business, one of the file is ours. */
const hookOf = (name, list) => (hook, ...rest) => void (depth > 0 ? port[name](hook, ...rest) : list.push(hook));

function test(...args) {
  if (depth > 0) return port.test(...args);
  const at = args.findIndex((arg) => typeof arg === 'function');
  const body = args[at];
  open++;
  if (body !== undefined) {
    args[at] = async (t) => {
      if (begun === null) begun = all(first);
      await begun;
      await body(t);
    };
  }
  return port.test(...args).then(async () => {
    if (--open === 0) await all(last);
  });
}

function describe(...args) {
  const at = args.findIndex((arg) => typeof arg === 'function');
  const body = args[at];
  args[at] = (t) => {
    depth++;
    try {
      return body(t);
    } finally {
      depth--;
    }
  };
  return port.describe(...args);
}

const own = { ...port, test, describe, before: hookOf('before', first), after: hookOf('after', last) };

/** @type {any} */
const loader = Module;
const load = loader._load;

loader._load = function (request, ...rest) {
  return request === 'node:test' ? own : load.call(this, request, ...rest);
};
