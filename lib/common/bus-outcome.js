'use strict';

// How a call over the bus may end, by number: those of src/bus/application.rs, and
// those that JS adds. The names are the codes of BusError, and of metrics.

const NAMES = /** @type {const} */ ([
  'OK', 'UNKNOWN_ID', 'UNREACHABLE', 'TIMEOUT', 'PEER_LOST', 'OVERLOADED', 'TOO_LARGE', 'CLOSED', 'HANDLER', 'CANCELLED',
  'REFUSED',
]);

/** @type {readonly string[]} */
const busOutcomeNames = NAMES;

const BusOutcome = /** @type {Readonly<Record<(typeof NAMES)[number], number>>} */ (Object.freeze(Object.fromEntries(NAMES.map((name, number) => [name, number]))));

module.exports = { BusOutcome, busOutcomeNames };
