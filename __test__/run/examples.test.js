'use strict';

const path = require('node:path');
const { test } = require('node:test');
const { PRINTS, folder, names, runs } = require('../support/examples');

for (const name of names) {
  test(`examples/${name} runs, prints what it should and ends by itself`, { timeout: 20_000 }, async (t) => {
    await runs(t, path.join(folder, name), PRINTS[name]);
  });
}
