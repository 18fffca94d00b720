'use strict';

const { setLogger } = require('../../..');

/**
 * What the log of this process says from now on, until the test is over.
 *
 * @param {import('node:test').TestContext} t
 * @returns {{ warnings: string[], notes: string[] }}
 */
function heard(t) {
  /** @type {{ warnings: string[], notes: string[] }} */
  const said = { warnings: [], notes: [] };
  setLogger({ error: (text) => said.warnings.push(text), warn: (text) => said.warnings.push(text), info: (text) => said.notes.push(text) }, 'info');
  t.after(() => setLogger(null));
  return said;
}

module.exports = { heard };
