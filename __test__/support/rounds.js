'use strict';

// How often a test does what it does again and again: in full where ROUNDS=all says
// so, as CI does. Seeds differ from run to run, so that fewer rounds look at
// other cases each time.

/**
 * @param {number} all
 * @param {number} [few] by default a fifth
 */
const rounds = (all, few = Math.ceil(all / 5)) => (process.env.ROUNDS === 'all' ? all : few);

module.exports = { rounds };
