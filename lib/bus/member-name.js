'use strict';

// What a member is called: people tell it apart by its host, module and process, and
// members by what is random in it. The host comes first, so that rules of
// OWT_GRPC_AUTHORIZE can be for all of a host, or for one module there.

const os = require('node:os');
const path = require('node:path');
const { kindOf } = require('../common/kind-of');

/** Folders in which the programs of a module lie, named for that and not for it. */
const INNER = ['bin', 'build', 'dist', 'lib', 'src'];
/** Scripts that are a module's only or first one, and say no more than its folder. */
const FIRST = ['app', 'index', 'main', 'server'];
const LONGEST_MODULE = 64;
/** With all that follows, a name has at most 255 bytes: see src/bus/bounds.rs. */
const LONGEST_HOST = 100;

/**
 * @param {string} script the path of a program
 * @returns {string} its module: the folder's name, and the script's where that says more
 */
function moduleOf(script) {
  const { dir, name } = path.parse(script);
  let folder = dir;
  while (INNER.includes(path.basename(folder))) folder = path.dirname(folder);
  const module = path.basename(folder);
  const says = FIRST.includes(name) || name === module ? [module] : [module, name];
  return says.filter((part) => part !== '').join('.') || 'node';
}

/** The script that this thread runs: a module of ECMAScript is nobody's `require.main`. */
const mainScript = () => require.main?.filename ?? process.argv[1] ?? '';

/** Neither a terminal nor a key of etcd has to be kept from what is left. @param {string} text */
const plain = (text) => text.replace(/[^\w.-]/g, '_');

/**
 * @param {string} owner for errors
 * @param {unknown} given option `name`
 * @param {string} random
 * @returns {string} `<host>-<module>-<process>-<random>`
 */
function memberName(owner, given, random) {
  if (given != null && !(typeof given === 'string' && /^[\w.-]{1,64}$/.test(given))) {
    const shown = typeof given === 'string' ? JSON.stringify(given) : kindOf(given);
    throw new TypeError(`${owner}: option name must be a text of 1 to ${LONGEST_MODULE} letters, digits, '.', '_' and '-', not ${shown}`);
  }
  const module = given ?? plain(moduleOf(mainScript())).slice(0, LONGEST_MODULE);
  return `${os.hostname().slice(0, LONGEST_HOST)}-${module}-${process.pid}-${random}`;
}

module.exports = { memberName, moduleOf };
