'use strict';

const { numberOption } = require('../common/options');

/**
 * What channels and servers have in common. `maxMessageBytes` sets both
 * limits; -1 is no limit.
 *
 * @param {string} owner
 * @param {Record<string, any>} options
 */
function transportOptions(owner, options) {
  const both = numberOption(owner, options, 'maxMessageBytes');
  return {
    maxReceiveBytes: numberOption(owner, options, 'maxReceiveBytes') ?? both,
    maxSendBytes: numberOption(owner, options, 'maxSendBytes') ?? both,
    maxMetadataBytes: numberOption(owner, options, 'maxMetadataBytes'),
    keepaliveMs: keepaliveOption(owner, options),
    keepaliveTimeoutMs: numberOption(owner, options, 'keepaliveTimeoutMs', { min: 1 }),
  };
}

/** Pings that come more often find nothing that these do not, and peers object. */
const KEEPALIVE_FLOOR_MS = 1000;

/**
 * @param {string} owner
 * @param {Record<string, any>} options
 */
function keepaliveOption(owner, options) {
  const every = numberOption(owner, options, 'keepaliveMs', { min: 0 });
  if (every === null || every === 0 || every >= KEEPALIVE_FLOOR_MS) return every;
  throw new TypeError(`${owner}: option keepaliveMs must be 0 for no pings, or at least ${KEEPALIVE_FLOOR_MS}, not ${every}`);
}

module.exports = { transportOptions };
