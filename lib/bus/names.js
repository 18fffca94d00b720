'use strict';

// What ids, methods, exchanges, patterns and routing keys may be called.

/** What ids begin with that members answer themselves: see src/bus/member/builtin.rs. */
const RESERVED = '!';

/** As in AMQP; src/bus/bounds.rs looks again at what comes. */
const LONGEST_NAME = 255;
/** No character has more bytes in UTF-8 than three for each of its units in a text. */
const SURELY_SHORT = LONGEST_NAME / 3;

/** @param {string} text */
const fits = (text) => text.length <= SURELY_SHORT || (text.length <= LONGEST_NAME && Buffer.byteLength(text) <= LONGEST_NAME);

/** @param {unknown} value */
const isName = (value) => typeof value === 'string' && value.length > 0 && fits(value);

/** @param {unknown} value */
const shown = (value) => (typeof value === 'string' ? `one of ${Buffer.byteLength(value)}` : String(value));

/**
 * @param {string} what it is the name of
 * @param {unknown} value
 * @returns {string}
 */
function nameOf(what, value) {
  if (isName(value)) return /** @type {string} */ (value);
  throw new TypeError(`${what} must be a text of 1 to 255 bytes, not ${shown(value)}`);
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

module.exports = { LONGEST_NAME, RESERVED, fits, nameOf, servableId };
