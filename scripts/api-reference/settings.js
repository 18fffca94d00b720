'use strict';

// The table of environment variables in docs/operations.md, made of the one that the
// code reads: lib/common/environment.js.

const fs = require('node:fs');
const path = require('node:path');
const { SETTINGS } = require('../../lib/common/environment');

const target = path.join(__dirname, '..', '..', 'docs', 'operations.md');
const BEGIN = '<!-- settings: `npm run docs` writes this table -->\n';
const END = '<!-- end of the settings -->\n';

/** @param {import('../../lib/common/environment').Setting} setting */
function usually({ kind, default: usual }) {
  if (kind === 'switch') return usual ? 'on' : 'off';
  return usual === undefined ? '' : `\`${usual}\``;
}

/** @param {import('../../lib/common/environment').Setting} setting */
function meaning({ choices = [], text }) {
  const quoted = choices.map((choice) => `\`${choice}\``);
  const last = quoted.pop();
  if (last === undefined) return text;
  return `${quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`}: ${text}`;
}

/** @returns {string} the page as it is to be; throws where it has no place for the table */
function operations() {
  const page = fs.readFileSync(target, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const [, after] = (rest ?? '').split(END);
  if (after === undefined) throw new Error(`${target} has no place for the settings: it is between "${BEGIN.trim()}" and "${END.trim()}"`);
  const rows = Object.entries(SETTINGS).map(([name, setting]) => `| \`${name}\` | ${usually(setting)} | ${meaning(setting)} |\n`);
  return `${before}${BEGIN}| variable | by default | meaning |\n|---|---|---|\n${rows.join('')}${END}${after}`;
}

module.exports = { operations, target };
