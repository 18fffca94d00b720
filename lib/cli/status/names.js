'use strict';

// What the name of a member says: lib/bus makes it of host, module, process and something random.

const os = require('node:os');

/**
 * @param {string} member
 * @param {string} [here] the name of this machine, which is a member's more often than not
 * @returns {{ host: string, module: string, pid: string }} the module is empty in a name of a release that had none in it; of a name that is
 *   of another making the module is all of it, and the rest is empty
 */
function partsOf(member, here = os.hostname()) {
  const match = /^(.+)-(\d+)-[0-9a-f]{12}$/.exec(member);
  if (match === null) return { host: '', module: member, pid: '' };
  const [, place, pid] = match;
  if (place === here) return { host: here, module: '', pid };
  if (place.startsWith(`${here}-`)) return { host: here, module: place.slice(here.length + 1), pid };
  // Names of hosts often have a dash, those of modules seldom.
  const cut = place.lastIndexOf('-');
  return cut === -1 ? { host: place, module: '', pid } : { host: place.slice(0, cut), module: place.slice(cut + 1), pid };
}

module.exports = { partsOf };
