'use strict';

const { withCause } = require('../common/compat/errors');

/**
 * Why TLS that was asked for cannot be had. `code` is one of
 *
 * - `HALF_SET`: a setting that others need is missing
 * - `INVALID`: a setting has a value that it cannot have
 * - `FILE`: a file is missing, or the system refuses to read it
 * - `PASSPHRASE`: a key is encrypted, and its passphrase is missing or another
 * - `STORE`: the store of passphrases cannot be used
 * - `CERTIFICATE`: a certificate or key cannot be used
 *
 * Neither the message nor `cause` has a passphrase or a key in it.
 */
class TlsError extends Error {
  /**
   * @param {string} code
   * @param {string} message which setting, which file, what to do
   * @param {unknown} [cause]
   */
  constructor(code, message, cause) {
    super(message);
    withCause(this, cause);
    this.code = code;
  }
}
Object.defineProperty(TlsError.prototype, 'name', { value: 'TlsError', configurable: true, writable: true });

module.exports = { TlsError };
