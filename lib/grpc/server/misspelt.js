'use strict';

// Handlers that no call reaches because of their name. An implementation may have
// any functions besides its handlers, as OWT's have, so only a name is told that
// nearly is the one of a method which has no handler.

const { WARN, log } = require('../../common/log');
const { nearest } = require('../../common/did-you-mean');

/** What has been told, once each. @type {Set<string>} */
const told = new Set();

/**
 * @param {string} type
 * @param {Record<string, any>} impl
 * @param {import('../../codec-runtime').Method[]} methods of the service
 */
function warnOfMisspelt(type, impl, methods) {
  const known = new Set(methods.flatMap(({ name, originalName }) => [name, originalName]));
  const missing = methods.filter(({ name, originalName }) => impl[originalName] === undefined && impl[name] === undefined);
  const names = missing.map(({ originalName }) => originalName);
  for (const name of functionsOf(impl)) {
    if (known.has(name)) continue;
    // Short names are near to many.
    const meant = nearest(name, names, Math.min(2, Math.floor(name.length / 3)));
    const text = `addService('${type}'): ${name} is no method of it, and ${meant} has no handler; did you mean ${meant}?`;
    if (meant === undefined || told.has(text)) continue;
    told.add(text);
    log(WARN, text);
  }
}

/**
 * The names of an object's functions, own and of its classes. Getters are not read.
 *
 * @param {any} impl
 */
function functionsOf(impl) {
  /** @type {Set<string>} */
  const names = new Set();
  for (let at = impl; at != null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === 'function' && name !== 'constructor') names.add(name);
    }
  }
  return names;
}

module.exports = { warnOfMisspelt };
