'use strict';

// Writes docs/api.md from the types, and the table of settings in docs/operations.md
// from lib/common/environment.js: `npm run docs`. What api.md lacks is added to the
// `.d.ts`; here is only how it is shown. `npm run check` fails when a page is not
// current, and this script when a public function has no description, no word on a
// parameter, or no example.

const fs = require('node:fs');
const path = require('node:path');
const { entries } = require('./api-reference/groups');
const { Page } = require('./api-reference/page');
const { declarationsOf, examplesOf } = require('./api-reference/declarations');
const settings = require('./api-reference/settings');

const root = path.join(__dirname, '..');
const target = path.join(root, 'docs', 'api.md');

/** @returns {string} the page; throws with all that is missing */
function reference() {
  const page = new Page();
  for (const entry of entries) {
    const declarations = declarationsOf(path.join(root, entry.file));
    const listed = new Set(entry.groups.flatMap(({ names }) => names));
    for (const name of declarations.keys()) if (!listed.has(name)) page.lacks(`${entry.file}: ${name} is in no group of scripts/api-reference/groups.js`);
    page.entry(entry, [...declarations.values()].flatMap(examplesOf));
    for (const { title, names } of entry.groups) {
      page.group(title);
      for (const name of names) page.declaration(name, declarations.get(name));
    }
  }
  return page.text();
}

module.exports = { reference, target };

if (require.main === module) {
  try {
    fs.writeFileSync(target, reference());
    fs.writeFileSync(settings.target, settings.operations());
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
