'use strict';

// The proto files behind the services of one server. A file is the same for all
// that import it, but several files may define one name differently: what is
// found by name is what the first service knows by it, in the order in which
// they were registered.

/**
 * @typedef {import('../../codec-runtime').Descriptor} Descriptor
 * @typedef {import('../../codec-runtime').Contract} Contract
 */

class Descriptors {
  /** @param {Iterable<Contract>} contracts */
  constructor(contracts) {
    /** @type {Map<string, Descriptor>} by name */
    this.files = new Map();
    /** @type {Map<string, Descriptor>} by what they define */
    this.symbols = new Map();
    for (const { descriptor } of contracts) this.add(descriptor);
  }

  /** @param {Descriptor} descriptor */
  add(descriptor) {
    if (this.files.has(descriptor.file)) return;
    this.files.set(descriptor.file, descriptor);
    for (const symbol of Object.keys(descriptor.symbols)) {
      if (!this.symbols.has(symbol)) this.symbols.set(symbol, descriptor);
    }
    for (const imported of descriptor.imports) this.add(imported);
  }

  /** @param {string} symbol */
  isMessage(symbol) {
    return this.symbols.get(symbol)?.symbols[symbol] === 'message';
  }

  /**
   * A file and all that it needs, itself first.
   *
   * @param {Descriptor} descriptor
   * @returns {Buffer[]}
   */
  static closure(descriptor) {
    const found = new Set([descriptor]);
    // A set that grows while it is walked is walked to its new end.
    for (const { imports } of found) for (const imported of imports) found.add(imported);
    return [...found].map(({ bytes }) => bytes);
  }
}

module.exports = { Descriptors };
