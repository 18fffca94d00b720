'use strict';

// What the standard services say.

const { status } = require('../../common/status');

/** What their streams end with when their server stops: they would hold it for all of its grace. */
const STOPPING = { code: status.UNAVAILABLE, details: 'The server is stopping' };

/** A status travels as a header, and peers refuse those that are long. */
const MAX_NAME = 200;

/**
 * A name that a client has asked for.
 *
 * @param {string} name
 */
function quoted(name) {
  return name.length > MAX_NAME ? `"${name.slice(0, MAX_NAME)}…"` : `"${name}"`;
}

module.exports = { STOPPING, quoted };
