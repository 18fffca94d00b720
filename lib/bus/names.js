'use strict';

// What ids, methods, exchanges, patterns and routing keys may be called.

/** What ids begin with that members answer themselves: see src/bus/member/inside.rs. */
const RESERVED = '!';

/** @param {unknown} value */
const isName = (value) => typeof value === 'string' && value.length > 0 && value.length <= 255;

/** @param {unknown} value */
const shown = (value) => (typeof value === 'string' ? `one of ${value.length}` : String(value));

/**
 * @param {string} what it is the name of
 * @param {unknown} value
 * @returns {string}
 */
function nameOf(what, value) {
  if (isName(value)) return /** @type {string} */ (value);
  throw new TypeError(`${what} must be a text of 1 to 255 characters, not ${shown(value)}`);
}

/**
 * @param {string} what
 * @param {unknown} value
 * @returns {string} an id that can be served
 */
function servableId(what, value) {
  const id = nameOf(what, value);
  if (!id.startsWith(RESERVED)) return id;
  throw new TypeError(`${what} must not begin with ${RESERVED}, and ${JSON.stringify(id)} does: such ids are those that members of the bus answer themselves. Choose another one`);
}

module.exports = { nameOf, servableId };
