'use strict';

const { withCause } = require('../common/compat/errors');

/**
 * Why a credential store could not be read or written. `code` is one of
 *
 * - `UNREADABLE`: the system refuses to read it; `cause` is its error
 * - `TOO_LARGE`: more than a store can be, packed or unpacked
 * - `NOT_A_STORE`: something else, or locked with another key
 * - `DAMAGED`: a store that is incomplete or was changed
 * - `INVALID`: a store, but an entry is not what it has to be
 * - `BUSY`: another update has not ended
 * - `UNWRITABLE`: the system refuses to write it; `cause` is its error
 *
 * Neither the message nor `cause` has anything of what is in the store: errors
 * of JSON and of zlib are not kept, since JSON's quote the text.
 */
class StoreError extends Error {
  /**
   * @param {string} code
   * @param {string} file
   * @param {string} text what is wrong and what to do
   * @param {unknown} [cause]
   */
  constructor(code, file, text, cause) {
    super(`${file}: ${text}`);
    withCause(this, cause);
    this.code = code;
    this.file = file;
  }
}
Object.defineProperty(StoreError.prototype, 'name', { value: 'StoreError', configurable: true, writable: true });

module.exports = { StoreError };
