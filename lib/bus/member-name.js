'use strict';

// What a member is called: people tell it apart by its host, module and process, and
// members by what is random in it. The host comes first, so that rules of
// OWT_GRPC_AUTHORIZE can be for all of a host, or for one module there.

const os = require('node:os');
const { kindOf } = require('../common/kind-of');
const { moduleName } = require('../common/module-name');

const LONGEST_MODULE = 64;
/** With all that follows, a name has at most 255 bytes: see src/bus/bounds.rs. */
const LONGEST_HOST = 100;

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
  const module = given ?? plain(moduleName()).slice(0, LONGEST_MODULE);
  return `${os.hostname().slice(0, LONGEST_HOST)}-${module}-${process.pid}-${random}`;
}

module.exports = { memberName };
